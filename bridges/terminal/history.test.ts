// The histories of three shells, as they write them.
import { expect, test } from 'vitest'
import { readHistory } from './history.ts'

const read = (text: string | Buffer) => readHistory(Buffer.from(text as string))
const at = 1_672_918_999_000

test('bash: times stand before commands, which may have several lines', () => {
  expect(
    read('old one\nold two\n#1672918999\ncargo install atuin\n#1672919006\nfor i in 1\ndo echo $i\ndone\n# a remark\n'),
  ).toEqual({
    kind: 'bash',
    timeless: 2,
    entries: [
      { at, command: 'cargo install atuin' },
      { at: at + 7_000, command: 'for i in 1\ndo echo $i\ndone\n# a remark' },
    ],
  })
  // A space in front is there for who leaves such lines out.
  expect(read('#1672918999\n vault login \n').entries).toEqual([{ at, command: ' vault login' }])
  expect(read('ls\ncd\n\n')).toEqual({ kind: 'bash', timeless: 2, entries: [] })
})

test('zsh: extended lines, continued ones, and bytes that zsh hides', () => {
  expect(
    read(
      ': 1672918999:3;cargo install atuin\n: 1672919006:10;cargo update\\\n  --verbose\nplain\n: 1672919007:0;echo a\\\\\n',
    ),
  ).toEqual({
    kind: 'zsh',
    timeless: 1,
    entries: [
      { at, command: 'cargo install atuin', duration: 3_000 },
      { at: at + 7_000, command: 'cargo update\n  --verbose', duration: 10_000 },
      { at: at + 8_000, command: 'echo a\\\\' },
    ],
  })
  // 'ő' is c5 91, and zsh writes 91 as 83 b1; '愛' is e6 84 9b.
  const hidden = [0xc5, 0x83, 0x91 ^ 0x20, 0xe6, 0x83, 0x84 ^ 0x20, 0x83, 0x9b ^ 0x20]
  const bytes = Buffer.concat([Buffer.from(': 1672918999:0;echo '), Buffer.from(hidden), Buffer.from('\n')])
  expect(readHistory(bytes).entries).toEqual([{ at, command: 'echo ő愛' }])
})

test('fish: looks like YAML', () => {
  expect(
    read(
      '- cmd: history --help\n  when: 1672918999\n- cmd: echo "a\\\\nb"\\necho c\n  when: 1672919006\n  paths:\n    - ~/.bash_history\n- cmd: never\n',
    ),
  ).toEqual({
    kind: 'fish',
    timeless: 1,
    entries: [
      { at, command: 'history --help' },
      { at: at + 7_000, command: 'echo "a\\nb"\necho c' },
    ],
  })
})
