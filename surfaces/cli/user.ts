// `daybook user`: who may use this house. Not for: bringing a device in, which `daybook enroll` does in one go.
import { DaybookError } from '../../schemas/errors.ts'
import { addUser, type brokerAccount, listUsers, removeUser } from '../operations/users.ts'
import { exitCodes } from './exit-codes.ts'
import { columns } from './text.ts'
import { localDay, localTime } from './times.ts'
import type { Call, Verb } from './verb.ts'

export const user: Verb = {
  name: 'user',
  summary: 'Add, list or remove those who may use this house',
  words: 'add <name> | list | remove <name>',
  options: [],
  details:
    'A user has one secret, the password for MQTT and the bearer token for HTTP; `add` shows it once. It may do everything but ' +
    'manage users and enrol devices. `remove` takes effect at once. A name has letters, digits, _ . - and at most 64 of them.',
  examples: ['user add balcony-sensor', 'user list', 'user remove balcony-sensor'],
  async run(call) {
    const [what, name, ...more] = call.words
    const form = { add: 2, list: 1, remove: 2 }[what ?? '']
    if (form === undefined) throw new DaybookError('usage', 'Say what to do: daybook user add|list|remove.')
    if (call.words.length < form) throw new DaybookError('usage', `The name is missing: daybook user ${what} <name>.`)
    if (call.words.length > form) throw new DaybookError('usage', `"${more[0] ?? name}": one word too many.`)
    if (what === 'list') await list(call)
    else if (what === 'add') await add(call, name ?? '')
    else await remove(call, name ?? '')
    return exitCodes.ok
  },
}

async function add(call: Call, name: string): Promise<void> {
  const made = await call.connect().call(addUser, { name })
  if (call.json) return call.print(JSON.stringify(made))
  await call.print(
    `${made.name} may use this house. Its secret, which is shown only now:`,
    '',
    `  ${made.secret}`,
    '',
    `It is the password of ${made.name} for MQTT, and the token for HTTP (Authorization: Bearer).`,
    ...accountLines(made.account),
  )
}

async function list(call: Call): Promise<void> {
  const page = await call.connect().call(listUsers, {})
  if (call.json) return call.print(JSON.stringify(page))
  const { timezone } = call.config()
  const rows = page.items.map(({ name, owner, createdAt }) => [
    name,
    owner || createdAt === undefined
      ? 'the owner'
      : `since ${localDay(createdAt, timezone)} ${localTime(createdAt, timezone)}`,
  ])
  await call.print(...columns(rows))
}

async function remove(call: Call, name: string): Promise<void> {
  const answer = await call.connect().call(removeUser, { name })
  if (call.json) return call.print(JSON.stringify(answer))
  if (answer.broker === null) return call.print(`${answer.name} is gone; its connections were ended.`)
  await call.print(`${answer.name} is gone here.`)
  const remedy = `mosquitto_passwd -D FILE ${answer.name}, then SIGHUP`
  call.io.stderr.write(`Its account at ${answer.broker} stays until it is taken away there: ${remedy}.\n`)
}

/** What is to be done at a broker that is not ours. */
export function accountLines(account: (typeof brokerAccount)['_output']): string[] {
  if (account === null) return []
  return [
    '',
    `The broker ${account.broker} is not ours: it needs this account. For Mosquitto run`,
    '',
    `  ${account.command}`,
    '',
    'or put this line into its password file, and send it SIGHUP:',
    '',
    `  ${account.line}`,
  ]
}
