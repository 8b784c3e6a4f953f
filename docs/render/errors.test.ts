// The table of errors, its page and the source that throws them agree, in every direction.
// Not for: when an error occurs, which the tests of each part say.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { errors } from '../../schemas/errors.ts'
import { isProbe, readTree, type Tree } from '../../test/tree.ts'
import { referenceFolder } from '../generate.ts'

/** Codes that nothing raises yet, and what will. */
const reserved: Record<string, string> = {}

const codes = Object.keys(errors)
const page = readFileSync(join(referenceFolder, 'errors.md'), 'utf8')
const entries = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code ?? '')
const source = Object.fromEntries(
  Object.entries(readTree()).filter(
    ([path]) => path !== 'schemas/errors.ts' && !path.startsWith('docs/') && !isProbe(path),
  ),
)

const mentions = (tree: Tree, code: string) => Object.values(tree).some((text) => text.includes(`'${code}'`))

const raised = (tree: Tree) =>
  Object.values(tree).flatMap((text) => [...text.matchAll(/new DaybookError\(\s*'([^']*)'/g)].map(([, code]) => code))

test('every code has an entry on the page', () => {
  expect(codes.filter((code) => !entries.includes(code))).toEqual([])
})

test('every entry on the page has a code, once', () => {
  expect(entries.filter((code, at) => !codes.includes(code) || entries.indexOf(code) !== at)).toEqual([])
})

test('every code is used somewhere in the source, or reserved with a reason', () => {
  expect(codes.filter((code) => !mentions(source, code) && !(code in reserved))).toEqual([])
})

test('what is reserved is a code, and is not used yet', () => {
  expect(Object.keys(reserved).filter((code) => !codes.includes(code) || mentions(source, code))).toEqual([])
})

test('every error raised anywhere has a code of the table', () => {
  expect(raised(readTree()).filter((code) => code && !codes.includes(code))).toEqual([])
})

test('an unused and an unknown code are found', () => {
  const tree = { 'a.ts': `throw new DaybookError(\n  'no_such_code', "")` }
  expect(raised(tree)).toEqual(['no_such_code'])
  expect(mentions(tree, 'clock')).toBe(false)
  expect(mentions(tree, 'no_such_code')).toBe(true)
})
