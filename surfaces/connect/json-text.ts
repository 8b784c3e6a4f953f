// Puts things into a JSON file of a person and takes them out again, leaving every other character as it is: how they write
// numbers and where they break lines is theirs. Pure. Not for: what is put in (codex.ts), or JSON with comments.

/** A value and where it stands in the text. */
export interface JsonNode {
  start: number
  end: number
  kind: 'object' | 'array' | 'single'
  items: JsonItem[]
}

/** What an object or an array holds; `start` is that of the key, where it has one. */
export interface JsonItem {
  key?: string
  start: number
  end: number
  value: JsonNode
}

/** The text must be valid JSON. */
export function readJson(text: string): JsonNode {
  return nodeAt(text, blanksFrom(text, 0))
}

/** The value under this key, the last where it stands twice, as `JSON.parse` has it. */
export function valueIn(node: JsonNode | undefined, key: string): JsonNode | undefined {
  return node?.items.findLast((item) => item.key === key)?.value
}

/** Behind the last item, broken and indented as that is, or in one line if nothing there is broken. */
export function insertLast(text: string, into: JsonNode, value: unknown, key?: string): string {
  const unit = /\n([ \t]+)\S/.exec(text)?.[1] ?? '  '
  const before = into.items.at(-2)?.end
  const last = into.items.at(-1)
  const blanks = last && text.slice(before === undefined ? into.start + 1 : text.indexOf(',', before) + 1, last.start)
  const line = /^[ \t]*/.exec(text.slice(text.lastIndexOf('\n', into.start) + 1, into.start))?.[0] ?? ''
  const broken = blanks?.includes('\n') ?? text.trim().includes('\n')
  const indent = blanks?.includes('\n') ? blanks.slice(blanks.lastIndexOf('\n') + 1) : line + unit
  const written = broken ? JSON.stringify(value, null, unit).replaceAll('\n', `\n${indent}`) : JSON.stringify(value)
  const item = key === undefined ? written : `${JSON.stringify(key)}: ${written}`
  if (last) return `${text.slice(0, last.end)},${broken ? `\n${indent}` : ' '}${item}${text.slice(last.end)}`
  const [open, close] = broken ? [`\n${indent}`, `\n${line}`] : ['', '']
  return `${text.slice(0, into.start + 1)}${open}${item}${close}${text.slice(into.end - 1)}`
}

/** With the comma and the blanks that go with it. */
export function cutItem(text: string, from: JsonNode, item: JsonItem): string {
  const index = from.items.indexOf(item)
  const [before, after] = [from.items[index - 1], from.items[index + 1]]
  if (before) return text.slice(0, before.end) + text.slice(item.end)
  if (after) return text.slice(0, item.start) + text.slice(after.start)
  return text.slice(0, from.start + 1) + text.slice(from.end - 1)
}

function nodeAt(text: string, start: number): JsonNode {
  const open = text[start]
  if (open !== '{' && open !== '[') return { start, end: singleEnd(text, start), kind: 'single', items: [] }
  const items: JsonItem[] = []
  let at = blanksFrom(text, start + 1)
  while (text[at] !== '}' && text[at] !== ']') {
    const begin = at
    let key: string | undefined
    if (open === '{') {
      const end = singleEnd(text, at)
      key = JSON.parse(text.slice(at, end))
      at = blanksFrom(text, blanksFrom(text, end) + 1)
    }
    const value = nodeAt(text, at)
    items.push({ ...(key !== undefined && { key }), start: begin, end: value.end, value })
    at = blanksFrom(text, value.end)
    if (text[at] === ',') at = blanksFrom(text, at + 1)
  }
  return { start, end: at + 1, kind: open === '{' ? 'object' : 'array', items }
}

function blanksFrom(text: string, at: number): number {
  while (/\s/.test(text.charAt(at))) at++
  return at
}

function singleEnd(text: string, start: number): number {
  const single = /"(?:[^"\\]|\\.)*"|[^\s,\]}]+/y
  single.lastIndex = start
  return start + (single.exec(text)?.[0].length ?? 1)
}
