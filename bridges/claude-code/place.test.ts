// Repositories as git itself makes them on disk, read without git: also worktrees, detached heads and folders that are gone.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { placeOf } from './place.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'daybook-place-'))
})
afterEach(() => rmSync(home, { recursive: true }))

function put(path: string, text: string): void {
  mkdirSync(dirname(join(home, path)), { recursive: true })
  writeFileSync(join(home, path), text)
}

test('the repository above a folder, with its branch', () => {
  put('kiln/.git/HEAD', 'ref: refs/heads/feature/oven\n')
  mkdirSync(join(home, 'kiln/src/deep'), { recursive: true })
  const place = { project: 'kiln', branch: 'feature/oven' }
  expect(placeOf(join(home, 'kiln/src/deep'))).toEqual(place)
  expect(placeOf(join(home, 'kiln/gone/since'))).toEqual(place)
})

test('a worktree has a branch of its own and the name of its repository, also of a bare one', () => {
  put('kiln/.git/HEAD', 'ref: refs/heads/main\n')
  put('kiln/.git/worktrees/wt/HEAD', 'ref: refs/heads/other\n')
  put('kiln/.git/worktrees/wt/commondir', '../..\n')
  put('wt/.git', `gitdir: ${join(home, 'kiln/.git/worktrees/wt')}\n`)
  expect(placeOf(join(home, 'wt'))).toEqual({ project: 'kiln', branch: 'other' })
  put('shop.git/worktrees/w/HEAD', 'ref: refs/heads/x\n')
  put('shop.git/worktrees/w/commondir', '../..\n')
  put('w/.git', 'gitdir: ../shop.git/worktrees/w\n')
  expect(placeOf(join(home, 'w'))).toEqual({ project: 'shop', branch: 'x' })
})

test('a submodule goes by its own folder, a detached head by its commit', () => {
  put('super/.git/modules/part/HEAD', `${'0123456789'.repeat(4)}\n`)
  put('super/part/.git', 'gitdir: ../.git/modules/part\n')
  expect(placeOf(join(home, 'super/part'))).toEqual({ project: 'part', branch: '012345678901' })
})

test('where there is no repository, the folder has its name; what is no path has none', () => {
  expect(placeOf(join(home, 'notes'))).toEqual({ project: 'notes' })
  expect(placeOf('/')).toEqual({ project: '/' })
  expect(placeOf('notes')).toBeUndefined()
  put('odd/.git', 'nothing\n')
  expect(placeOf(join(home, 'odd'))).toEqual({ project: 'odd' })
})
