// What is kept of a tool's input and of what it answered, and how a use reads in one line. A file's whole text, which
// Edit, Write and Read send up to three times, stays in the transcript; the change itself is kept. Pure. Not for: when a
// use begins and ends (tell.ts).
import { bounded, cut, type Facts } from './fields.ts'

/** What of an answer repeats the input or is the whole of a file, by tool. */
const REPEATED: Record<string, readonly string[]> = {
  Edit: ['originalFile', 'oldString', 'newString', 'filePath', 'replaceAll'],
  MultiEdit: ['originalFile', 'originalFileContents', 'edits', 'filePath'],
  Write: ['originalFile', 'content', 'filePath'],
  NotebookEdit: ['original_file', 'updated_file', 'new_source'],
  Agent: ['prompt', 'description'],
  Task: ['prompt', 'description'],
}

/** The field of an input that says most, the first that is there. */
const TELLING = ['command', 'file_path', 'notebook_path', 'pattern', 'query', 'url', 'description', 'skill', 'prompt']

export function inputOf(input: unknown): Facts {
  return input === undefined || input === null ? {} : { input: bounded(input) }
}

/** `output`, and in `left_out` the names of what was left out. */
export function outputOf(tool: string, response: unknown): Facts {
  if (response === undefined || response === null || response === '') return {}
  if (typeof response !== 'object' || Array.isArray(response)) return { output: bounded(response) }
  const { file, ...answer } = response as Facts
  const left = (REPEATED[tool] ?? []).filter((name) => typeof answer[name] === 'string' || Array.isArray(answer[name]))
  const kept = Object.fromEntries(Object.entries(answer).filter(([name]) => !(REPEATED[tool] ?? []).includes(name)))
  if (typeof file === 'object' && file !== null) {
    const { content, base64, ...about } = file as Facts
    kept.file = about
    if (content !== undefined || base64 !== undefined) left.push('file.content')
  } else if (file !== undefined) kept.file = file
  return { output: bounded(kept), ...(left.length > 0 && { left_out: left }) }
}

/** `Bash: npm test`, in one line. */
export function useInWords(tool: string, input: unknown): string {
  if (typeof input === 'string') return inOneLine(`${tool}: ${input}`)
  const facts = Object(input) as Facts
  const name = TELLING.find((field) => typeof facts[field] === 'string' && facts[field] !== '')
  return name === undefined ? inOneLine(tool) : inOneLine(`${tool}: ${facts[name] as string}`)
}

/** A shell says how it ended only in words. */
export function exitCodeOf(error: string | undefined): number | undefined {
  const [, code] = /^Exit code (\d{1,3})\b/.exec(error ?? '') ?? []
  return code === undefined ? undefined : Number(code)
}

/** The text as one line that fits a summary. */
export function inOneLine(text: string, most = 200): string {
  return cut(
    text
      .slice(0, most * 8)
      .replace(/\s+/g, ' ')
      .trim(),
    most,
  )
}
