#!/usr/bin/env node
// The launcher: plain JavaScript that any Node from 20 on can run. It finds a Node that can run our TypeScript and runs
// main.ts with it. Not for: anything that Daybook does.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAJOR = 24
const main = fileURLToPath(new URL('../main.ts', import.meta.url))

if (Number.parseInt(process.versions.node, 10) >= MAJOR) {
  // main.ts reads the arguments from the same places.
  process.argv[1] = main
  await import('../main.ts')
} else {
  const node = findNode()
  if (node) run(node)
  else explain()
}

/** The binary of the npm package `node`, wherever npm has put it; null if it is missing or does not run here. */
function findNode() {
  const { resolve } = createRequire(import.meta.url)
  try {
    const folder = dirname(resolve('node/package.json'))
    const names = [join(folder, 'bin', 'node'), join(folder, 'bin', 'node.exe')]
    return names.find((file) => existsSync(file) && major(file) >= MAJOR) ?? null
  } catch {
    return null
  }
}

function major(file) {
  const { stdout } = spawnSync(file, ['--version'], { encoding: 'utf8' })
  return Number.parseInt(String(stdout).replace(/^v/, ''), 10) || 0
}

/** Runs it as if it were us: same input and output, signals passed on, its exit code ours. */
function run(node) {
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // Ctrl-C reaches the child by itself, from the terminal; telling it twice would end it at once.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  child.on('error', (error) => {
    process.stderr.write(`daybook: ${node} cannot be run: ${error.message}\n`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 1
    if (signal) {
      process.removeAllListeners(signal)
      process.kill(process.pid, signal)
    }
  })
}

function explain() {
  const folder = dirname(main)
  process.stderr.write(
    [
      `daybook: this is Node ${process.versions.node}; Daybook needs Node ${MAJOR}, which \`npm install\` brings along.`,
      'It is not there: were install scripts blocked? Run this, then try again:',
      '',
      `  cd ${folder} && npm install && npm rebuild node`,
      '',
    ].join('\n'),
  )
  process.exitCode = 1
}
