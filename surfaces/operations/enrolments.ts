// Operations: enrol a device, which is two steps: the owner makes a one-time code, the device turns it into its credential
// and settings. Not for: what the device does with them (cli/enroll.ts).
import { networkInterfaces } from 'node:os'
import { z } from 'zod'
import { enrolment } from '../../schemas/enrolment.ts'
import { decodeCode, encodeCode } from '../../schemas/enrolment-code.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { userName } from '../../schemas/users.ts'
import { defineOperation } from './operation.ts'
import { reachOf } from './reach.ts'
import { brokerAccount, brokerAccountOf } from './users.ts'

export const makeEnrolment = defineOperation({
  name: 'makeEnrolment',
  summary: 'Make a one-time code that gives a device its credential and settings',
  description:
    'The code is good for 15 minutes and once. If there is a user of this name, the device becomes that user: its secret so far ends when the code is redeemed.',
  method: 'POST',
  path: '/api/v1/enrolments',
  access: 'owner',
  input: z.strictObject({
    name: userName.describe('the user that the device will be: letters, digits, _ . -, at most 64'),
    house: z
      .url({ protocol: /^https?$/ })
      .max(500)
      .optional()
      .describe('how the device reaches this house, as in http://192.168.1.5:8420'),
    broker: z
      .url({ protocol: /^(mqtts?|wss?)$/ })
      .max(500)
      .refine((url) => new URL(url).username === '', { error: 'must hold no credentials' })
      .optional()
      .describe('how the device reaches the broker, as in mqtt://192.168.1.5:1883'),
  }),
  output: z.object({
    name: z.string(),
    code: z.string(),
    command: z.string().describe('what to run on the device'),
    expiresAt: z.number().int().describe('epoch ms'),
    house: z.string(),
    broker: z.string(),
    notes: z.array(z.string()).describe('what keeps another device from reaching us, and what to change'),
    account: brokerAccount,
  }),
  errors: ['user_exists', 'config_invalid', 'data_unwritable'],
  async run(house, { name, ...given }) {
    const { broker, notes, ...reach } = reachOf(house.listening(), given, addresses())
    if (broker === null) {
      throw new DaybookError(
        'config_invalid',
        'mqtt.port is off and broker.url is not set: there is no broker to name.',
      )
    }
    const { code: secret, ...made } = house.users.invite(name, { house: reach.house, broker })
    const code = encodeCode({ house: reach.house, secret })
    const account = brokerAccountOf(house, name, made.secret)
    const command = `npx daybook enroll ${code}`
    return { name, code, command, expiresAt: made.expiresAt, house: reach.house, broker, notes, account }
  },
})

export const redeemEnrolment = defineOperation({
  name: 'redeemEnrolment',
  summary: 'Turn a code into the credential and settings of a device',
  description: 'Needs no token: the code is the proof. It works once.',
  method: 'POST',
  path: '/api/v1/enrolments/redeem',
  access: 'anyone',
  input: z.strictObject({ code: z.string().max(2_000).describe('as POST /api/v1/enrolments gave it') }),
  output: enrolment,
  errors: ['code_invalid', 'data_unwritable'],
  async run({ users, space, timeZone, topics }, { code }) {
    const read = decodeCode(code)
    if (!read) throw new DaybookError('code_invalid')
    const { name, secret, routes } = users.redeem(read.secret)
    return {
      name,
      space,
      prefix: topics.prefix,
      timezone: timeZone,
      broker: { url: routes.broker, user: name, password: secret },
      house: { url: routes.house, token: secret },
    }
  },
})

/** Of this machine in its networks: IPv4 first, which people can read out. */
function addresses(): string[] {
  const outside = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ internal, address }) => !internal && !/^fe80:|^169\.254\./i.test(address))
  const family = (wanted: string) => outside.filter((each) => each.family === wanted).map(({ address }) => address)
  return [...family('IPv4'), ...family('IPv6')]
}
