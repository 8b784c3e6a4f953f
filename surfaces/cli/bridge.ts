// `daybook bridge <name>`: runs one bridge alone, on a device that is not the house, until a signal or, with --once, until
// all it was given has arrived. Not for: how that is done, which main.ts hands in.
import { registry } from '../../bridges/registry.ts'
import { wallClock } from '../../component.ts'
import { asDaybookError, DaybookError } from '../../schemas/errors.ts'
import { sentWords } from './draining.ts'
import { exitCodes } from './exit-codes.ts'
import { linesOf } from './lines.ts'
import { number } from './text.ts'
import type { Call, LoneBridge, Verb } from './verb.ts'

const names = registry.map(({ name }) => name.replaceAll('_', '-'))
const PROGRESS_MS = 5_000
const LOOK_MS = 200
const RETRY_MS = 250
const TIMEOUT_S = 60

export const bridge: Verb = {
  name: 'bridge',
  summary: 'Run one bridge alone on this device, with an outbox of its own',
  words: `<${names.join('|')}>`,
  options: [
    { name: 'broker', value: 'URL', summary: 'Where to publish: mqtt, mqtts, ws or wss; may hold user and password' },
    { name: 'house', value: 'URL', summary: 'Where to upload payloads: the HTTP of the house' },
    { name: 'token', value: 'TOKEN', summary: 'The bearer token for --house' },
    { name: 'producer', value: 'NAME', summary: 'What it is called on the bus; default: <bridge>-<device>' },
    { name: 'data', value: 'DIR', summary: 'The data folder of this device' },
    { name: 'once', summary: 'End when standard input has ended and everything is known to be stored' },
    { name: 'timeout', value: 'SECONDS', summary: `How long --once waits for that; default ${TIMEOUT_S}` },
  ],
  details:
    'It needs nothing but its name on a device that was enrolled (`daybook enroll`); what is said here wins over daybook.yaml and the ' +
    'environment, those over the enrolment. It collects while broker and house are away; what waits is kept below outbox/ in the data ' +
    'folder. The bridge `manual` takes each line of standard input as a note: text, or JSON with text, tags, at (epoch ms) and id. ' +
    'With --json the first line on standard output says, as JSON, what runs. Logs go to standard error.',
  examples: [
    'bridge manual',
    'bridge frigate --broker mqtts://me:secret@house.example',
    'bridge manual --once < notes',
  ],
  async run(call) {
    const name = nameIn(call)
    const seconds = secondsIn(call)
    const ended = call.interrupted()
    const running = await call.io.bridge(call.text('config'), {
      name,
      producer: call.text('producer'),
      data: call.text('data'),
      broker: call.text('broker'),
      house: call.text('house'),
      token: call.text('token'),
    })
    await call.print(call.json ? JSON.stringify(running.ready) : welcome(running))
    const done = new AbortController()
    const over = AbortSignal.any([ended, done.signal])
    const watching = tellProgress(call, running, over)
    const lines = takeLines(call, running, over)
    if (call.flag('once')) await lines.then(() => drained(running, seconds * 1000, ended))
    else await aborted(ended)
    done.abort()
    await watching
    const waiting = running.waiting()
    await running.stop()
    const refused = await lines
    return call.flag('once') ? verdict(call, running, waiting, refused) : exitCodes.ok
  },
}

function nameIn({ words }: Call): string {
  const [word, ...more] = words
  if (word !== undefined && more.length === 0 && names.includes(word.replaceAll('_', '-')))
    return word.replaceAll('-', '_')
  throw new DaybookError('usage', `Name one bridge: ${names.join(', ')}.`)
}

function secondsIn(call: Call): number {
  const text = call.text('timeout')
  if (text !== undefined && !call.flag('once')) throw new DaybookError('usage', '--timeout goes with --once.')
  const seconds = Number(text ?? TIMEOUT_S)
  if (seconds > 0 && text !== '') return seconds
  throw new DaybookError('usage', `--timeout ${text}: say a number of seconds.`)
}

/** How many lines meant nothing. What finds no room waits, and so does whoever writes it. */
async function takeLines({ io }: Call, { take }: LoneBridge, over: AbortSignal): Promise<number> {
  if (!take) return 0
  const { stdin, stderr } = io
  over.addEventListener('abort', () => stdin.destroy(), { once: true })
  let refused = 0
  try {
    for await (const line of linesOf(stdin)) {
      if (over.aborted) break
      const error = line.text === null ? new DaybookError('too_large') : await kept(line.text)
      if (!error) continue
      stderr.write(`daybook: line ${line.number}: ${error.message}\n`)
      refused++
    }
  } catch (error) {
    if (!over.aborted) stderr.write(`daybook: standard input: ${(error as Error).message}\n`)
  }
  return refused

  async function kept(text: string): Promise<DaybookError | undefined> {
    for (let told = ''; !over.aborted; await wallClock.sleep(RETRY_MS, over)) {
      try {
        take?.(text)
        return undefined
      } catch (thrown) {
        const error = asDaybookError(thrown)
        // A bug of the bridge would hold up all that follow.
        if (error.remedy === 'reject' || error.code === 'internal') return error
        if (told !== error.code) stderr.write(`daybook: lines wait: ${error.message}\n`)
        told = error.code
      }
    }
    return undefined
  }
}

/** Resolves when nothing waits, or it is too late. */
async function drained({ waiting }: LoneBridge, ms: number, ended: AbortSignal): Promise<void> {
  const late = AbortSignal.any([ended, AbortSignal.timeout(ms)])
  while (waiting() > 0 && !late.aborted) await wallClock.sleep(LOOK_MS, late)
}

function verdict(call: Call, { ready }: LoneBridge, waiting: number, refused: number): number {
  const { file } = ready.outbox
  if (call.json) void call.print(JSON.stringify({ done: waiting === 0, waiting, refused }))
  if (waiting > 0) {
    call.io.stderr.write(`daybook: ${number(waiting)} are not known to be stored yet; they are kept in ${file}.\n`)
    return exitCodes.failed
  }
  return refused > 0 ? exitCodes.rejected : exitCodes.ok
}

async function tellProgress({ io }: Call, { waiting }: LoneBridge, over: AbortSignal): Promise<void> {
  const words = sentWords()
  while (!over.aborted) {
    const said = words(waiting())
    if (said) io.stderr.write(`${said}\n`)
    await wallClock.sleep(PROGRESS_MS, over)
  }
}

function welcome({ ready, take }: LoneBridge): string {
  const { producer, outbox, broker, house } = ready
  return [
    `${producer} is running.`,
    '',
    `  Outbox  ${outbox.file}`,
    `  Broker  ${broker.url}`,
    `  House   ${house.url ?? 'none: payloads wait here until --house says where it is'}`,
    '',
    `${take ? 'Each line that you write here is taken. ' : ''}Stop it with Ctrl-C.`,
  ].join('\n')
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}
