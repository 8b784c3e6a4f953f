// The hand-written source of the house as data: what the architecture and reference tests look at. Not for: running it.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Source by path: relative to the root, forward slashes. */
export type Tree = Readonly<Record<string, string>>

const root = join(import.meta.dirname, '..')
const FOREIGN = new Set(['node_modules', 'data', 'dist', '.git', '.ci', '.rig'])

/** Every .ts file of the project. */
export function readTree(): Tree {
  const tree: Record<string, string> = {}
  const visit = (folder: string) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder ? `${folder}/${entry.name}` : entry.name
      if (entry.isDirectory() && !FOREIGN.has(entry.name)) visit(path)
      else if (entry.isFile() && entry.name.endsWith('.ts')) tree[path] = readFileSync(join(root, path), 'utf8')
    }
  }
  visit('')
  return tree
}

/** True for a test, a contract suite, and whatever stands in test/ or bench/ to serve them. */
export function isTest(path: string): boolean {
  return /\.(test|contract)\.ts$/.test(path) || path.startsWith('test/') || path.startsWith('bench/')
}
