// The generated reference agrees with the code that is committed beside it. Not for: what the pages say (render/).
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { differences, sourcesFolder, write } from './generate.ts'
import { pages, sourcePages } from './pages.ts'

test('the committed reference is what the code generates; if not, `npm run docs` mends it', () => {
  expect(differences(pages).map(({ file }) => file)).toEqual([])
  expect(differences(sourcePages(sourcesFolder), sourcesFolder).map(({ file }) => file)).toEqual([])
})

test('a page renders to the same text twice', () => {
  for (const { render } of pages) expect(render()).toBe(render())
})

test('a missing, a changed and a left-over file are each named, and written or removed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'daybook-docs-'))
  try {
    const page = (file: string) => ({ file, render: () => `text of ${file}` })
    const wanted = [page('kept.md'), page('deep/missing.json'), page('changed.md')]
    writeFileSync(join(folder, 'kept.md'), 'text of kept.md')
    writeFileSync(join(folder, 'changed.md'), 'edited by hand')
    writeFileSync(join(folder, 'left-over.md'), 'of a page now gone')

    const found = differences(wanted, folder)
    expect(found.map(({ file }) => file)).toEqual(['changed.md', 'deep/missing.json', 'left-over.md'])
    write(found, folder)
    expect(differences(wanted, folder)).toEqual([])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
