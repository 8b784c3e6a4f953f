// The bus over a broker that is not ours, on one that npm alone can start. Not for: brokers that people run, which
// test/e2e/ tries.
import { afterAll } from 'vitest'
import { startPlainBroker } from '../../test/mqtt/plain-broker.ts'
import { busContract } from '../bus.contract.ts'
import { foreignUnderTest } from './foreign.harness.ts'
import { linesContract } from './lines.contract.ts'

const plain = await startPlainBroker()
afterAll(() => plain[Symbol.asyncDispose]())

busContract('a plain broker', (accept) => foreignUnderTest(plain.url, accept))
linesContract('a plain broker', () => plain.url)
