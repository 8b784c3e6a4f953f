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

/** True for what stands beside the code to test it, which has two dots in its name, and for what is in test/. */
export function isTest(path: string): boolean {
  return /\/[^/.]+\.[a-z.]+\.ts$/.test(path) || /\.test\.ts$/.test(path) || path.startsWith('test/')
}

/** True for what looks into the house without being part of it: tests and benches. */
export function isProbe(path: string): boolean {
  return isTest(path) || path.startsWith('bench/')
}
