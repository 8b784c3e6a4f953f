// `npm run docs`: writes docs/reference/ from the code, and its part of the pages in docs/sources/, so that what is told
// and what runs cannot drift apart. With `--check` it writes nothing and exits 1, naming the files that differ. Not for:
// prose, which is written by hand.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Page, pages, sourcePages } from './pages.ts'

/** The folder that holds nothing but what is generated. */
export const referenceFolder = join(import.meta.dirname, 'reference')

/** A file that is not as it should be; `text` null means that no page asks for it any more. */
export interface Difference {
  file: string
  text: string | null
}

/** What has to change below `folder` until it holds exactly the pages: written anew, added, or removed. */
export function differences(wanted: readonly Page[], folder = referenceFolder): Difference[] {
  const present = new Map(filesBelow(folder).map((file) => [file, readFileSync(join(folder, file), 'utf8')]))
  const rendered = new Map(wanted.map(({ file, render }) => [file, render()]))
  return [...new Set([...present.keys(), ...rendered.keys()])]
    .sort()
    .filter((file) => present.get(file) !== rendered.get(file))
    .map((file) => ({ file, text: rendered.get(file) ?? null }))
}

/** Makes them so. */
export function write(changes: readonly Difference[], folder = referenceFolder): void {
  for (const { file, text } of changes) {
    const path = join(folder, file)
    if (text === null) rmSync(path)
    else {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text)
    }
  }
}

/** The same for the pages of the sources, which are prose but for a part. */
export const sourcesFolder = join(import.meta.dirname, 'sources')

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    )
}

if (import.meta.main) {
  const check = process.argv.includes('--check')
  const folders = { reference: differences(pages), sources: differences(sourcePages(sourcesFolder), sourcesFolder) }
  const all = Object.entries(folders).flatMap(([name, changes]) => changes.map((change) => ({ ...change, name })))
  if (!check) {
    write(folders.reference)
    write(folders.sources, sourcesFolder)
  }
  for (const { name, file, text } of all) {
    console.log(`docs/${name}/${file} ${check ? 'differs' : text === null ? 'removed' : 'written'}`)
  }
  if (check && all.length > 0) {
    console.error('Run `npm run docs` and commit what it writes.')
    process.exitCode = 1
  }
}
