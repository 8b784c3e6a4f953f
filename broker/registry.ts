// The bus drivers there are. Not for: choosing one, which the composition root does by configuration.
import { createEmbeddedBroker } from './embedded/embedded.ts'

export const busDrivers = [{ name: 'embedded', create: createEmbeddedBroker }] as const
