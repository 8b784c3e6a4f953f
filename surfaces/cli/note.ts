// `daybook note`: a sentence into the day. Not for: what a note becomes (operations/add-note.ts).
import { text as readAll } from 'node:stream/consumers'
import { DaybookError } from '../../schemas/errors.ts'
import { addNote } from '../operations/add-note.ts'
import { exitCodes } from './exit-codes.ts'
import { parseTime, timeForms } from './times.ts'
import type { Verb } from './verb.ts'

export const note: Verb = {
  name: 'note',
  summary: 'Write a note into the day; prints its id',
  words: '<text>',
  options: [
    { name: 'at', value: 'TIME', summary: 'When it was; default now' },
    { name: 'tag', value: 'WORD', many: true, summary: 'A word to find it by' },
    { name: 'producer', value: 'NAME', summary: 'Who writes; default manual' },
  ],
  details: `The text \`-\` is read from standard input. A TIME is one of: ${timeForms}.`,
  examples: ['note "slept badly"', 'note "took the bike" --at 08:15 --tag commute', 'note - < letter.txt'],
  async run(call) {
    const given = call.words.join(' ')
    const text = (given === '-' ? await readAll(call.io.stdin) : given).trim()
    if (text === '') throw new DaybookError('usage', 'The text is missing: daybook note "what to remember".')
    const at = call.text('at')
    const tags = call.all('tag')
    const answer = await call.connect().call(addNote, {
      text,
      at: at === undefined ? call.now : parseTime('--at', at, call.now, call.config().timezone),
      ...(tags.length > 0 && { tags }),
      producer: call.text('producer'),
    })
    await call.print(call.json ? JSON.stringify(answer) : answer.id)
    if (answer.status === 'suppressed') call.io.stderr.write('It was not kept: a pause or a forget covers this time.\n')
    return exitCodes.ok
  },
}
