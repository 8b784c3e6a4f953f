// `daybook enroll`: on the server it makes a one-time code, on a device it turns the code into credential and settings.
// Not for: sending anything from the device (`daybook bridge`).
import { text as readAll } from 'node:stream/consumers'
import { CODE_PREFIX, decodeCode } from '../../schemas/enrolment-code.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { makeEnrolment, redeemEnrolment } from '../operations/enrolments.ts'
import { createClient } from './client.ts'
import { exitCodes } from './exit-codes.ts'
import { localTime } from './times.ts'
import { accountLines } from './user.ts'
import type { Call, Verb } from './verb.ts'

export const enroll: Verb = {
  name: 'enroll',
  summary: 'Bring in another device: a name makes a code here, the code is redeemed there',
  words: '<name> | <code>',
  options: [
    { name: 'house', value: 'URL', summary: 'How the device reaches this house; default: where HTTP listens' },
    { name: 'broker', value: 'URL', summary: 'How the device reaches the broker; default: where MQTT listens' },
    { name: 'force', summary: 'On the device: leave the house that it belonged to' },
  ],
  details:
    'With a name, on the server, it prints one line to run on the device. The code in it is good for 15 minutes and once. A name ' +
    'that is there already gets a new secret when the code is redeemed; what waits in the outbox of the device stays. With a code, on ' +
    'the device, it writes enrolment.json into the data folder. The code `-` is read from standard input.',
  examples: ['enroll laptop', 'enroll laptop --house http://192.168.1.5:8420', 'enroll dbk1.Zm9v...'],
  async run(call) {
    const given = call.words.join('')
    if (given === '')
      throw new DaybookError('usage', 'Say who: daybook enroll <name> on the server, or <code> on the device.')
    const word = given === '-' ? (await readAll(call.io.stdin)).trim() : given
    if (word.startsWith(CODE_PREFIX)) await redeem(call, word)
    else if (call.words.length === 1 && given !== '-') await invite(call, given)
    else throw new DaybookError('usage', 'That is neither a name nor a code.')
    return exitCodes.ok
  },
}

/** On the server. The line to paste is all of stdout, so that it can be piped to where it is needed. */
async function invite(call: Call, name: string): Promise<void> {
  if (call.flag('force')) throw new DaybookError('usage', '--force goes with a code.')
  const [house, broker] = [call.text('house'), call.text('broker')]
  const made = await call.connect().call(makeEnrolment, { name, house, broker })
  if (call.json) return call.print(JSON.stringify(made))
  const until = localTime(made.expiresAt, call.config().timezone)
  call.io.stderr.write(`Run this on ${name}, until ${until}. It works once.\n\n`)
  await call.print(made.command)
  const lines = [...made.notes.flatMap((note) => ['', note]), ...accountLines(made.account)]
  if (lines.length > 0) call.io.stderr.write(`${lines.join('\n')}\n`)
}

/** On the device. What would be refused is refused before the code is spent. */
async function redeem(call: Call, text: string): Promise<void> {
  const wrong = ['house', 'broker'].find((name) => call.text(name) !== undefined)
  if (wrong) throw new DaybookError('usage', `--${wrong} goes with a name, on the server: the code holds the URLs.`)
  const code = decodeCode(text)
  if (!code) throw new DaybookError('usage', 'This code is cut off or changed: copy the whole line again.')
  const { enrolments } = call.io
  const { data } = call.config()
  const before = enrolments.load(data)
  if (before && before.house.url !== code.house && !call.flag('force')) {
    const leave = `--force leaves it for ${code.house}.`
    throw new DaybookError('usage', `This device belongs to ${before.house.url} as ${before.name}; ${leave}`)
  }
  const house = createClient({ url: code.house, token: null })
  const enrolment = await house.call(redeemEnrolment, { code: text }).catch(notReached)
  const file = enrolments.save(data, enrolment)
  const { name } = enrolment
  const at = { house: enrolment.house.url, broker: enrolment.broker.url }
  if (call.json) return call.print(JSON.stringify({ name, file, ...at }))
  await call.print(
    `This device is ${name} now, of the house at ${at.house}.`,
    '',
    `  ${file} holds its credential, for your eyes only.`,
    `  Activities go to ${at.broker}, payloads to ${at.house}.`,
    '',
    'Next: npx daybook bridge manual',
  )
}

function notReached(error: unknown): never {
  if (!(error instanceof DaybookError) || error.code !== 'not_running') throw error
  const hint =
    'That is where the code leads; `daybook enroll <name> --house URL` on the server makes one that leads elsewhere.'
  throw new DaybookError('not_running', `${error.detail} ${hint}`, { cause: error })
}
