// Hooks in the text of a person's hooks.json: put in and taken out with every other character as it was. Not for: the
// files around it, and that the hooks work (claude-code.test.ts).
import { expect, test } from 'vitest'
import { codex, withHooks } from './codex.ts'

const PATH = '/home/ada/.codex/hooks.json'
const put = (text: string | null, scripts = '/data/codex') => withHooks(text, scripts, PATH)
const take = (text: string) => codex.undo?.(PATH, text)
const hooksOf = (text: string) => JSON.parse(text).hooks as Record<string, { hooks: { command: string }[] }[]>

const own = '{"hooks":[{"type":"command","command":"say \\"]}\\"","timeout":1.0}]}'
test.each([
  ['nothing else', '{}'],
  ['one line', `{"a":1.0,"hooks":{"Stop":[${own}]},"b":1e3}`],
  ['blanks in one line', `{ "hooks": { "Stop": [ ${own} ] } }\n`],
  ['broken by two', `{\n  "hooks": {\n    "Stop": [\n      ${own}\n    ]\n  },\n  "n": 10000000000000000001\n}\n`],
  ['broken by tabs and \\r', `{\r\n\t"x": "\\u00e9",\r\n\t"hooks": {\r\n\t\t"Stop": [${own}, ${own}]\r\n\t}\r\n}`],
  ['no hooks', '{\n    "note": "mine",\n    "deep": {"of": [1, 2]}\n}'],
])('%s: what is taken out again leaves the text as it was', (_what, before) => {
  const after = put(before)
  expect(Object.keys(hooksOf(after))).toHaveLength(11)
  expect(hooksOf(after).Stop?.at(-1)?.hooks[0]?.command).toBe("/bin/sh '/data/codex/capture.sh' codex Stop || :")
  expect(put(after)).toBe(after)
  expect(take(after) ?? '{}').toBe(before)
  // What was there stands there still, number by number.
  for (const number of before.match(/\b(?:1\.0|1e3|1\d{19})\b/g) ?? []) expect(after).toContain(number)
})

test('what a person adds beside ours stays, in our group, behind it and elsewhere', () => {
  const after = put('{\n  "v": 1.0\n}\n')
  const theirs = { type: 'command', command: 'say mine' }
  const lines = (text: string) => text.replaceAll(/\s+/g, '')
  const command = `"command": "/bin/sh '/data/codex/capture.sh' codex PreToolUse || :",`
  const edited = after
    .replace(command, `${command} "x": 1.50,`)
    .replace(/("SessionEnd": \[\s*\{\s*"hooks": \[)/, `$1${JSON.stringify(theirs)}, `)
    .replace(/("Stop": \[)/, `$1{"hooks": [${JSON.stringify(theirs)}]}, `)
  expect(JSON.parse(edited)).toBeDefined()
  const left = take(edited) ?? ''
  expect(JSON.parse(left)).toEqual({ v: 1, hooks: { Stop: [{ hooks: [theirs] }], SessionEnd: [{ hooks: [theirs] }] } })
  expect(lines(left)).toContain('"v":1.0')
  expect(put(edited)).toBe(edited)
})

test('what an older Daybook put in from elsewhere is replaced', () => {
  const after = put(put('{"a": 1.0}', '/old'), '/new')
  expect(after).toBe(put('{"a": 1.0}', '/new'))
  expect(after).not.toContain('/old')
})

test('a file of ours alone goes, and what is no hooks.json is refused', () => {
  expect(take(put(null))).toBeNull()
  expect(take(put(' \n'))).toBeNull()
  for (const text of ['[]', 'null', '{"hooks": null}', '{"hooks": []}', '{"hooks": {"Stop": {}}}', '{"a": 1,}'])
    expect(() => put(text)).toThrow('mend it')
  expect(take('{')).toBeUndefined()
})
