// Text for a terminal: aligned columns, and nothing in it that could steer the terminal. Pure. Not for: wording.

/** Without control characters and line breaks: what others wrote must not move the cursor or change the title. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g, ' ').trim()
}

/** Lines whose columns stand under each other, two spaces between them; the last column is as long as it is. */
export function columns(rows: readonly (readonly string[])[], indent = ''): string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length)
  }
  return rows.map((row) => {
    const cells = row.map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0)))
    return (indent + cells.join('  ')).trimEnd()
  })
}

export function number(value: number): string {
  return value.toLocaleString('en')
}
