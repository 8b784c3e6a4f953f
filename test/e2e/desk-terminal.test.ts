// The terminal as a user has it: a started house, `daybook connect terminal` at a desk with bash, zsh and fish, what is typed
// into a real shell on the bus and in the rows under one id, what was typed while the house was killed, an import that doubles
// nothing, and disconnect, after which every file is as it was. Not for: each situation of a shell (terminal-hooks.test.ts).
import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { connectAsync } from 'mqtt'
import { expect, test } from 'vitest'
import { wallClock } from '../../component.ts'
import type { ActivityEvent, ActivityNotification } from '../../schemas/activity.ts'
import { topicsUnder } from '../../schemas/topics.ts'
import type { House } from '../house.ts'
import { journey, missing } from '../journey.ts'
import { makeHome, type ShellName, type Step, typeInto } from '../terminal/shells.ts'

const run = promisify(execFile)
const LAUNCHER = resolve('bin/daybook.js')
const reason = missing(
  ['bash', 'bash'],
  ['zsh', 'zsh'],
  ['fish', 'fish'],
  ['python3', 'python3'],
  ['script', 'bsdutils'],
)
if (reason) console.warn(`skipped: ${reason}`)
const startFiles = ['.bashrc', '.zshrc', '.config/fish/config.fish'] as const

test.skipIf(reason)('three shells are connected, told, and left as they were', async () => {
  await using here = await journey()
  using home = makeHome('bash', { bare: true })
  home.write('.zshrc', "PS1='@@> '")
  home.write('.config/fish/config.fish', "function fish_prompt; echo -n '@@> '; end\n")
  const stamp = Math.floor(Date.now() / 1000) - 86_400
  home.write('.zsh_history', `: ${stamp}:3;make yesterday\n: ${stamp + 60}:0;echo one\\\ntwo\n`)
  const before = filesOf(home.path)
  let house = await here.start()

  const cli = async (...words: string[]) => {
    const env = {
      HOME: home.path,
      PATH: process.env.PATH,
      SHELL: '/bin/bash',
      LANG: 'C.UTF-8',
      DAYBOOK__DATA: here.data,
    }
    const { stdout } = await run(process.execPath, [LAUNCHER, ...words, '--json'], { env })
    return JSON.parse(stdout)
  }
  const connected = await cli('connect', 'terminal')
  expect(connected.event).toMatchObject({ source: 'terminal', eventType: 'command', summary: ': daybook connect' })
  expect(connected.found).toHaveLength(3)
  // The proof has left nothing of a shell, also no history.
  const made = readdirSync(home.path, { recursive: true, encoding: 'utf8' }).filter((name) => !(name in before))
  expect(made.filter((name) => /_history|fish_variables|fish\/(functions|completions)/.test(name))).toEqual([
    '.zsh_history',
  ])
  expect(statSync(join(home.path, '.local/state/daybook/terminal')).mode & 0o777).toBe(0o700)

  await using bus = await listening(house)
  const typeIn = (shell: ShellName, ...typed: Step[]) =>
    typeInto({ ...home, shell }, [...typed, 'exit'], { args: ['-i'] })
  await typeIn('bash', 'echo from bash', 'false', ' echo hush')
  await typeIn('zsh', 'echo from zsh', 'export API_TOKEN=ghp_0123456789abcdefghijklmnopqrstuvwxyz')
  await typeIn('fish', 'echo from fish')
  const rows = await until(house, (all) =>
    ['bash', 'zsh', 'fish'].every((name) => all.some(({ summary }) => summary === `echo from ${name}`)),
  )
  const one = rows.find(({ summary }) => summary === 'echo from bash') as ActivityEvent
  expect(one).toMatchObject({
    source: 'terminal',
    eventType: 'command',
    details: { command: 'echo from bash', cwd: home.path, exit_code: 0 },
  })
  await expect
    .poll(() => bus.heard.find(({ id }) => id === one.id)?.summary, { timeout: 10_000 })
    .toBe('echo from bash')
  const text = JSON.stringify(
    await until(house, (all) => all.some(({ summary }) => summary.startsWith('export API_TOKEN'))),
  )
  expect(text).not.toMatch(/hush|ghp_0123456789/)

  // What is typed while no house runs is told once it does, and once.
  await house.kill()
  await typeIn('bash', 'echo alone 1', 'echo alone 2')
  house = await here.start()
  await until(house, (all) => all.filter(({ summary }) => summary.startsWith('echo alone')).length === 2)
  await house.kill()
  house = await here.start()

  const first = await cli('import', 'terminal')
  expect(first).toMatchObject({ state: 'done', new: 2 })
  expect(await cli('import', 'terminal')).toMatchObject({ state: 'done', new: 0 })
  const all = await until(house, (every) => every.some(({ summary }) => summary === 'make yesterday'))
  expect(all.filter(({ summary }) => summary.startsWith('echo alone'))).toHaveLength(2)
  expect(all.find(({ summary }) => summary === 'make yesterday')).toMatchObject({
    timestamp: stamp * 1000,
    duration: 3000,
  })

  // A line of the person's own, after ours.
  const rc = join(home.path, '.bashrc')
  writeFileSync(rc, `${readFileSync(rc, 'utf8')}alias ll='ls -l'\n`)
  const { files } = await cli('disconnect', 'terminal')
  expect(files.filter(({ how }: { how: string }) => how === 'left')).toEqual([])
  const after = filesOf(home.path)
  expect(after['.bashrc']).toBe(`${before['.bashrc']}alias ll='ls -l'\n`)
  for (const file of startFiles.slice(1)) expect(after[file]).toBe(before[file])
  expect(Object.keys(after).filter((file) => /daybook\.|conf\.d|settings/.test(file))).toEqual([])
  await house.stop()
})

test.skipIf(reason)('shells that are killed, and a house that is killed, lose and double nothing', async () => {
  await using here = await journey()
  using home = makeHome('bash')
  mkdirSync(home.spool, { recursive: true, mode: 0o700 })
  const env = { DAYBOOK__BRIDGES__TERMINAL__SPOOL: home.spool }
  let house = await here.start({ env })
  const typed: string[] = []
  for (let round = 0; round < 4; round++) {
    const lines = Array.from({ length: 25 }, (_, i) => `echo round ${round} line ${i}`)
    typed.push(...lines)
    const typing = typeInto(home, [...lines, { type: 'kill -9 $$\r' }])
    await wallClock.sleep(100 + round * 120)
    await house.kill()
    await typing
    house = await here.start({ env })
  }
  // What a shell was killed in is told once it is seen to be gone.
  const rows = await until(
    house,
    (all) =>
      all.filter(({ summary }) => summary.startsWith('echo round')).length >= typed.length &&
      all.filter(({ summary }) => summary === 'kill -9 $$').length >= 4,
  )
  expect(
    rows
      .map(({ summary }) => summary)
      .filter((line) => line.startsWith('echo round'))
      .sort(),
  ).toEqual(typed.sort())
  expect(rows.filter(({ summary }) => summary === 'kill -9 $$')).toHaveLength(4)
  // The spool is short-lived.
  await expect.poll(() => readdirSync(home.spool), { timeout: 60_000, interval: 500 }).toEqual([])
  await house.stop()
})

/** Everything of the desk that is not ours to keep, by path. */
function filesOf(home: string): Record<string, string> {
  const names = readdirSync(home, { recursive: true, encoding: 'utf8' })
  const files = names.filter(
    (name) => statSync(join(home, name)).isFile() && !/^\.local\/state|_history|fish_variables/.test(name),
  )
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(home, name), 'utf8')]))
}

async function until(house: House, enough: (rows: ActivityEvent[]) => boolean): Promise<ActivityEvent[]> {
  const late = Date.now() + 60_000
  for (;;) {
    const { items } = (await (await house.api('/api/v1/activities?source=terminal&limit=1000')).json()) as {
      items: ActivityEvent[]
    }
    if (enough(items)) return items
    if (Date.now() > late) throw new Error(`not in time: ${items.map(({ summary }) => summary).join(' | ')}`)
    await wallClock.sleep(200)
  }
}

async function listening(house: House) {
  const { username, password } = house.credentials.mqtt
  const client = await connectAsync(house.ready.mqtt.url, { username, password })
  const heard: ActivityNotification[] = []
  client.on('message', (_topic, payload) => heard.push(JSON.parse(payload.toString())))
  await client.subscribeAsync(topicsUnder('daybook').activities, { qos: 1 })
  return { heard, [Symbol.asyncDispose]: () => client.endAsync(true) }
}
