// Reads an event stream (HTML Living Standard, 9.2.6) as far as we write it: `event`, `id` and `data` lines. Not for:
// reconnecting.

export interface ServerSentEvent {
  event: string
  /** Empty if it has none. */
  id: string
  data: string
}

export async function* serverSentEvents(response: Response): AsyncGenerator<ServerSentEvent> {
  if (!response.body) return
  let rest = ''
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + text).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const lines = block.split('\n')
      const event = lines.find((line) => line.startsWith('event: '))?.slice('event: '.length) ?? 'message'
      const id = lines.find((line) => line.startsWith('id: '))?.slice('id: '.length) ?? ''
      const data = lines.flatMap((line) => (line.startsWith('data: ') ? [line.slice('data: '.length)] : []))
      if (data.length > 0) yield { event, id, data: data.join('\n') }
    }
  }
}
