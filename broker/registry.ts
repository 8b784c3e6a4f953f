// The bus drivers there are. Not for: choosing one, which the composition root does by configuration.
import { createEmbeddedBroker } from './embedded/embedded.ts'
import { createForeignBroker } from './foreign/foreign.ts'

export const busDrivers = [
  { name: 'embedded', create: createEmbeddedBroker },
  { name: 'foreign', create: createForeignBroker },
] as const
