// The contract over a folder, and what only a folder has: how it looks inside, links in the way, disks that are full.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { describe } from 'vitest'
import { fsStore } from './fs.ts'
import { objectStoreContract, type StoreOnTrial } from './object-store.contract.ts'

describe('a folder', () => {
  objectStoreContract(fresh)
})

async function fresh(): Promise<StoreOnTrial> {
  const folder = join(mkdtempSync(join(tmpdir(), 'daybook-fs-')), 'objects')
  const store = fsStore(folder)
  await store.open()
  return {
    store,
    async inside() {
      const files = filesIn(folder)
      const names = files.map((file) => basename(file))
      const isObject = (name: string) => /^[0-9a-f]{64}(\.zst)?$/.test(name)
      return {
        objects: names
          .filter(isObject)
          .map((name) => name.slice(0, 64))
          .sort(),
        leftovers: names.filter((name) => !isObject(name)),
      }
    },
    async end() {
      await store.close()
      rmSync(join(folder, '..'), { recursive: true })
    },
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
}
