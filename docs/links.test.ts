// Every relative link in the Markdown of the project leads to a file, and every decision is in the index. Not for: links
// that leave the project, which would need a network.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const below = (folder: string) =>
  readdirSync(join(root, folder), { recursive: folder !== '', encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file))
const pages = [...below(''), ...below('docs')]
const textOf = (page: string) => readFileSync(join(root, page), 'utf8')

test('every relative link leads to something', () => {
  const broken = pages.flatMap((page) =>
    [...textOf(page).matchAll(/\]\((?!\w+:)([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map(([, target]) => target ?? '')
      .filter((target) => !existsSync(join(root, dirname(page), target)))
      .map((target) => `${page}: ${target}`),
  )
  expect(pages).toContain('README.md')
  expect(broken).toEqual([])
})

test('every decision is in the index', () => {
  const index = textOf('docs/decisions/0001-record-decisions.md')
  const decisions = readdirSync(join(root, 'docs/decisions')).filter((file) => !file.startsWith('0001'))
  expect(decisions.filter((file) => !index.includes(`(${file})`))).toEqual([])
})
