// What client ids are made of: they name our sessions at a broker, so they are the same over restarts. Not for: what those
// sessions hear (feeds.ts), or which there are (memory.ts).

/** What every broker takes in a client id (MQTT 3.1.1, 3.1.3.1, and `-` and `_`, which none refuses). */
export function asWord(name: string | number): string {
  return String(name).replace(/[^A-Za-z0-9_-]/g, '-')
}
