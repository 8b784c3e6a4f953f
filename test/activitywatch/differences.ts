// Where our server answers otherwise than a real aw-server (0.14.0 on peewee, recorded), and why. Every other step of the
// comparison is the same in status, type, body, shape of timestamps and headers. Not for: running the comparison.

/** By the name of the recorded step. */
export const differences: Record<string, string> = {
  'bucket.update': 'aw-server fails with 500 on its own PUT; ours changes the bucket, as its documentation says.',
  'bucket.get.updated': 'What that PUT changed is there.',
  'import.existing':
    'aw-server fails with 500 if a bucket is there; ours adds the events that are not there yet, as aw-server-rust does.',
  'cors.preflight moz-extension://0a1b':
    'aw-server lets every extension of Firefox do everything; ours lets them do what the web watcher does, and a POST to /api/0/info is not part of it (as aw-server-rust since 2026).',
  'cors.preflight chrome-extension://nglaklhklhcoonedhgnpgddginnjdadi':
    'aw-server in testing mode does not know the extension of Chrome; ours always does.',
  'cors.get chrome-extension://nglaklhklhcoonedhgnpgddginnjdadi':
    'aw-server in testing mode does not know the extension of Chrome; ours always does.',
}
