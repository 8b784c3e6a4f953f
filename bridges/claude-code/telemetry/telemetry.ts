// The receiver of Claude Code's own telemetry: OTLP over HTTP (OTLP 1.x, "OTLP/HTTP"), logs and metrics, JSON and
// protobuf. Costs, tokens and API errors become activities; what hooks tell anyway does not. Not for: traces, or the
// telemetry of other programs, which is answered and dropped.
import type { BridgeHost, Guest, Notification } from '../../bridge.ts'
import type { Known } from '../known.ts'

/** What the bridge lists under `paths`. */
export const telemetryPaths = ['/v1/logs', '/v1/metrics'] as const

/** The activity types that telemetry adds to those of hooks. */
export const telemetryTypes = ['usage', 'error'] as const

export interface TelemetryParts {
  host: Pick<BridgeHost<unknown>, 'space' | 'clock' | 'log' | 'state' | 'emit' | 'key'>
  known: Known
  source: string
}

export interface Telemetry {
  /** See OpenBridge.serve. */
  serve(request: Request, guest: Guest): Promise<Response>
  figures(): Record<string, number>
}

/** Made of a batch of events; exported for the bridge's examples. */
export type Told = Notification[]
