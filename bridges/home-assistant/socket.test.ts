// Where the line goes, and that it can always be ended. Not for: what is said over it (bridge.test.ts).
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { misbehaving } from '../../test/home-assistant/misbehaving.ts'
import { endpoints } from './socket.ts'

test.each([
  ['http://home.local:8123', 'ws://home.local:8123/api/websocket', 'http://home.local:8123/api'],
  ['https://home.example/', 'wss://home.example/api/websocket', 'https://home.example/api'],
  ['https://example.org/ha/', 'wss://example.org/ha/api/websocket', 'https://example.org/ha/api'],
  ['ws://home.local:8123/api/websocket', 'ws://home.local:8123/api/websocket', 'http://home.local:8123/api'],
  ['http://supervisor/core', 'ws://supervisor/core/websocket', 'http://supervisor/core/api'],
  ['ws://supervisor/core/websocket', 'ws://supervisor/core/websocket', 'http://supervisor/core/api'],
])('%s', (url, socket, rest) => {
  expect(endpoints(url)).toEqual({ socket, rest })
})

test('a line that is open at one end only does not keep the process from ending', async () => {
  const fake = await misbehaving()
  fake.freezes = true
  const script = `
    import { wallClock as clock } from './component.ts'
    import { usualHeartbeat, watchLine } from './bridges/home-assistant/line.ts'
    import { openConnection } from './bridges/home-assistant/socket.ts'
    const { signal } = new AbortController()
    const { conn, socket } = await openConnection({ url: '${fake.url}', token: 'x', signal, timeoutMs: 5000 })
    watchLine({ conn, socket, clock, signal, heartbeat: usualHeartbeat }).drop(new Error('enough'))
    console.log('dropped')`
  const cwd = new URL('../..', import.meta.url).pathname
  const ended = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd, timeout: 20_000 })
  await expect(ended).resolves.toMatchObject({ stdout: 'dropped\n' })
  await fake.close()
})
