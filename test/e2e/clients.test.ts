// Programs that people have, against a started house: mosquitto_pub, mosquitto_sub and psql from Debian.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ActivityEvent } from '../../schemas/activity.ts'
import { topicsUnder } from '../../schemas/topics.ts'
import type { House } from '../house.ts'
import { daybook, type Journey, journey, missing } from '../journey.ts'

const run = promisify(execFile)
const topics = topicsUnder('daybook')
const SUBSCRIBED = 'journey/subscribed'
const address = { source: 'iot', type: 'environmental', producer: 'greenhouse' }
const reason = missing(['mosquitto_pub', 'mosquitto-clients'], ['psql', 'postgresql-client'])

if (reason) console.warn(`skipped: ${reason}`)

describe.skipIf(reason !== null)('with mosquitto and psql', { timeout: 60_000 }, () => {
  let here: Journey
  let house: House

  beforeAll(async () => {
    here = await journey()
    house = await here.start()
    await publish(SUBSCRIBED, 'yes', '-r')
  }, 60_000)
  afterAll(() => here[Symbol.asyncDispose]())

  const login = ({ ready, credentials: { mqtt } } = house) => {
    const { hostname, port } = new URL(ready.mqtt.url)
    return ['-h', hostname, '-p', port, '-u', mqtt.username, '-P', mqtt.password]
  }
  const publish = (topic: string, message: string, ...more: string[]) =>
    run('mosquitto_pub', [...login(), '-q', '1', '-t', topic, '-m', message, ...more])
  const query = async (filter: string) =>
    ((await (await house.api(`/api/v1/activities?${filter}`)).json()) as { items: ActivityEvent[] }).items

  /** Messages of a filter, as they come. Ended by the end of the scope. */
  async function listen(filter: string, ...more: string[]) {
    // What it prints stays in its buffer until a message comes: a retained one says that it has subscribed.
    const child = spawn('mosquitto_sub', [...login(), '-q', '1', '-v', '-t', filter, '-t', SUBSCRIBED, ...more])
    const lines: string[] = []
    await new Promise<void>((resolve) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (line.startsWith(SUBSCRIBED)) resolve()
        else lines.push(line)
      })
    })
    return {
      child,
      /** The body of the next message whose topic begins so. */
      async next(topic: string): Promise<string> {
        const found = () => lines.findIndex((line) => line.startsWith(`${topic} `))
        await expect.poll(found, { timeout: 10_000 }).toBeGreaterThanOrEqual(0)
        const [line = ''] = lines.splice(found(), 1)
        return line.slice(topic.length + 1)
      },
      async [Symbol.asyncDispose]() {
        if (child.exitCode !== null || child.signalCode !== null) return
        child.kill()
        await once(child, 'exit')
      },
    }
  }

  test('what mosquitto_pub publishes is a row once it returns', async () => {
    const timestamp = Date.now()
    const body = { id: 'reading-1', summary: 'The greenhouse has 23 °C', timestamp, data: { temperature: 23 } }
    await publish(topics.activity(address), JSON.stringify(body))
    const [row] = await query('producer=greenhouse')
    expect(row).toMatchObject({
      nativeId: 'reading-1',
      source: 'iot',
      eventType: 'environmental',
      summary: 'The greenhouse has 23 °C',
      timestamp,
      details: { temperature: 23 },
    })
  })

  test('mosquitto_sub sees a note of the command line and a post over HTTP', async () => {
    await using listener = await listen(topics.activities)
    const id = (await daybook(here.data, 'note', 'the first swallow', '--tag', 'spring')).trim()
    const note = topics.activity({ source: 'manual', type: 'note', producer: 'manual' })
    expect(JSON.parse(await listener.next(note))).toMatchObject({ id, summary: 'the first swallow' })

    const posted = { ...address, id: 'reading-2', summary: 'The greenhouse has 24 °C', timestamp: Date.now() }
    const response = await house.api('/api/v1/activities', { method: 'POST', body: JSON.stringify(posted) })
    expect(await response.json()).toMatchObject({ stored: 1, duplicates: 0 })
    expect(JSON.parse(await listener.next(topics.activity(address)))).toMatchObject({ summary: posted.summary })
  })

  test('a secret is on the bus and in the database only as its place', async () => {
    await using listener = await listen(topics.activities)
    const secret = 'hunter2hunter2'
    const summary = `mysql --password=${secret} shop`
    const command = { source: 'terminal', type: 'command', producer: 'terminal-test' }
    await publish(topics.activity(command), JSON.stringify({ id: 'command-1', summary, timestamp: Date.now() }))
    expect(await listener.next(topics.activity(command))).not.toContain(secret)
    expect(JSON.stringify(await query('producer=terminal-test'))).not.toContain(secret)
  })

  test('what cannot be stored is acknowledged and told on the rejected topic', async () => {
    await using listener = await listen(topics.rejected('greenhouse'))
    await publish(topics.activity(address), 'not JSON at all')
    expect(JSON.parse(await listener.next(topics.rejected('greenhouse')))).toMatchObject({ code: 'not_json' })
  })

  test('a wrong password is refused, and so is none', async () => {
    const [, host = '', , port = ''] = login()
    const somewhere = ['-h', host, '-p', port, '-t', 'a', '-m', 'b']
    await expect(run('mosquitto_pub', [...somewhere, '-u', 'daybook', '-P', 'wrong'])).rejects.toThrow(/refused/i)
    await expect(run('mosquitto_pub', somewhere)).rejects.toThrow(/refused/i)
  })

  test('a client that dies leaves its will', async () => {
    await using listener = await listen('workshop/#')
    const will = ['--will-topic', 'workshop/saw', '--will-payload', 'gone', '--will-qos', '1']
    await using mortal = await listen('workshop/nothing', ...will)
    mortal.child.kill('SIGKILL')
    expect(await listener.next('workshop/saw')).toBe('gone')
  })

  test('a retained message of another system survives a restart', async () => {
    await publish('zigbee2mqtt/lamp', '{"state":"ON"}', '-r')
    expect(await house.stop()).toBe(0)
    house = await here.start()
    await using listener = await listen('zigbee2mqtt/#')
    expect(await listener.next('zigbee2mqtt/lamp')).toBe('{"state":"ON"}')
  })

  test('psql reads with both addresses and writes with the first only', async () => {
    const { url, readonlyUrl } = house.credentials.database
    const psql = (address: string | null, sql: string) =>
      run('psql', [address ?? '', '-v', 'ON_ERROR_STOP=1', '-X', '-t', '-A', '-c', sql])
    for (const address of [url, readonlyUrl]) {
      expect((await psql(address, 'select count(*) >= 1 from activities')).stdout.trim()).toBe('t')
      expect((await psql(address, 'select count(*) >= 1 from v_activities')).stdout.trim()).toBe('t')
    }
    const writes = [
      `insert into retained (topic, space, payload, qos) values ('a', 'home', '', 0)`,
      'delete from activities',
      'truncate activities',
      `update accounts set stored = 0`,
      'create table mine (id int)',
      'drop table activities',
      `select nextval('batch_numbers')`,
    ]
    for (const write of writes) {
      await expect(psql(readonlyUrl, write), write).rejects.toThrow(/read-only|permission denied|must be owner/)
      const unlocked = `set default_transaction_read_only = off; set transaction read write; ${write}`
      await expect(psql(readonlyUrl, unlocked), unlocked).rejects.toThrow(/read-only|permission denied|must be owner/)
    }
    await psql(url, 'create table mine (id int); drop table mine')
  })
})
