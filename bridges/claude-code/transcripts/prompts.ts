// What in a transcript is a prompt: among the lines of the user there are results of tools, what the program adds, and
// what it says of its own commands. Pure. Not for: what becomes of it.
import { promptOfText } from '../keys.ts'
import { type Facts, objectIn, textIn } from './lines.ts'

export interface Prompt {
  id: string
  text: string
  /** False for one that the program made, as when a subagent has ended. */
  typed: boolean
}

/** A command of the program that the user gave: `/review main`. */
const COMMAND = /<command-name>\s*([^<]*?)\s*<\/command-name>/
const ARGUMENTS = /<command-args>([\s\S]*?)<\/command-args>/
/** What the program puts into the mouth of the user. */
const MADE =
  /^\s*(?:<(?:local-command-|bash-|system-reminder|task-notification|user-memory)|Caveat: The messages below)/
const INTERRUPTED = /^\[Request interrupted by user/

/** Undefined: the line is none. */
export function promptIn(line: Facts): Prompt | undefined {
  if (line.type !== 'user' || line.isMeta === true || line.isCompactSummary === true || line.isSidechain === true)
    return
  const text = textOf(objectIn(line, 'message')?.content)
  if (text === undefined || text.trim() === '' || INTERRUPTED.test(text)) return
  const command = COMMAND.exec(text)
  const said = command ? `${command[1]} ${ARGUMENTS.exec(text)?.[1] ?? ''}`.trim() : text
  const source = textIn(line, 'promptSource')
  const typed = !MADE.test(said) && source !== 'system'
  // Lines without an id that the program made begin no turn.
  const id = textIn(line, 'promptId')
  if (id === undefined && !typed) return
  return { id: id ?? promptOfText(said), text: said, typed }
}

/** The text of a message, undefined if it has none or brings results of tools. */
export function textOf(content: unknown): string | undefined {
  if (typeof content === 'string') return content
  if (!Array.isArray(content) || content.some((block) => block?.type === 'tool_result')) return undefined
  const texts = content.flatMap((block) => (block?.type === 'text' && typeof block.text === 'string' ? block.text : []))
  return texts.length > 0 ? texts.join('\n') : undefined
}
