// Operations: who may use this house; add one, remove one. Not for: the first user, which the first start makes.
import { z } from 'zod'
import { accountFor } from '../../broker/foreign/mosquitto-password.ts'
import { user, userName } from '../../schemas/users.ts'
import { defineOperation, type House } from './operation.ts'

/** What there is to do at a broker that is not ours. */
export const brokerAccount = z
  .object({
    broker: z.string().describe('URL of the broker'),
    command: z.string().describe("with Mosquitto's own program; put the password file in the place of FILE"),
    line: z.string().describe("the same as a line of Mosquitto's password file, which holds no secret"),
  })
  .nullable()
  .describe('the account that this user needs at a broker which is not ours; null: nothing is to do')

export function brokerAccountOf(house: House, name: string, secret: string): z.infer<typeof brokerAccount> {
  const { broker } = house.listening()
  return broker === null ? null : { broker, ...accountFor(name, secret) }
}

const one = z.strictObject({ name: userName.describe('letters, digits, _ . -, at most 64') })

export const addUser = defineOperation({
  name: 'addUser',
  summary: 'Add a user; its secret is told once',
  description:
    'The secret is the password for MQTT and the bearer token for HTTP. A user may do everything but manage users and enrol devices.',
  method: 'POST',
  path: '/api/v1/users',
  access: 'owner',
  input: one,
  output: z.object({
    name: z.string(),
    secret: z.string().describe('not kept here: it cannot be told again'),
    createdAt: z.number().int().describe('epoch ms'),
    account: brokerAccount,
  }),
  errors: ['user_exists', 'data_unwritable'],
  async run(house, { name }) {
    const made = house.users.add(name)
    return { ...made, account: brokerAccountOf(house, name, made.secret) }
  },
})

export const listUsers = defineOperation({
  name: 'listUsers',
  summary: 'List the users of this house',
  method: 'GET',
  path: '/api/v1/users',
  access: 'owner',
  input: z.strictObject({}),
  output: z.object({ items: z.array(user), next: z.null() }),
  run: async (house) => ({ items: [...house.users.list()], next: null }),
})

export const removeUser = defineOperation({
  name: 'removeUser',
  summary: 'Remove a user: its secret stops working and its connections end at once',
  description: 'At a broker that is not ours the account stays; remove it there too.',
  method: 'DELETE',
  path: '/api/v1/users/{name}',
  access: 'owner',
  input: z.strictObject({ name: z.string().min(1).max(64) }),
  output: z.object({
    name: z.string(),
    broker: z.string().nullable().describe('where its account stays; null: nowhere'),
  }),
  errors: ['not_found', 'data_unwritable'],
  async run(house, { name }) {
    house.users.remove(name)
    return { name, broker: house.listening().broker }
  },
})
