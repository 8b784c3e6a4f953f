// Run before start and test: says what to do when `node` is older than 24, which happens where npm did not run the
// install script of the `node` package. Plain JavaScript for that reason. Not for: finding another Node (daybook.js).
const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  console.error(
    [
      `Daybook needs Node 24 and this is ${process.version}.`,
      'npm install brings Node 24 along as the package `node`, but its install script has not run here. Run it with:',
      '',
      '  npm rebuild node --ignore-scripts=false',
      '',
      'or install Node 24 or later yourself.',
    ].join('\n'),
  )
  process.exit(1)
}
