// When a reading differs enough from the last one told to be told itself. Not for: how often (observe.ts).
import type { HomeAssistantConfig } from './config.ts'

export type ReadingOptions = HomeAssistantConfig['readings']

/** A difference counts from `absolute` (in the stored unit) or from this share of the last value, whichever is more. */
interface Deadband {
  absolute: number
  share?: number
}

const deadbands: Record<string, Deadband> = {
  temperature: { absolute: 0.3 },
  humidity: { absolute: 2 },
  moisture: { absolute: 2 },
  pressure: { absolute: 1 },
  atmospheric_pressure: { absolute: 1 },
  illuminance: { absolute: 50, share: 0.2 },
  irradiance: { absolute: 50, share: 0.2 },
  carbon_dioxide: { absolute: 50 },
  carbon_monoxide: { absolute: 5 },
  pm1: { absolute: 5 },
  pm25: { absolute: 5 },
  pm4: { absolute: 5 },
  pm10: { absolute: 5 },
  aqi: { absolute: 5 },
  volatile_organic_compounds: { absolute: 50, share: 0.1 },
  volatile_organic_compounds_parts: { absolute: 50, share: 0.1 },
  sound_pressure: { absolute: 5 },
  wind_speed: { absolute: 1 },
  power: { absolute: 5, share: 0.05 },
  apparent_power: { absolute: 5, share: 0.05 },
  energy: { absolute: 0.1 },
  voltage: { absolute: 5 },
  current: { absolute: 0.1, share: 0.05 },
  gas: { absolute: 0.01 },
  water: { absolute: 0.01 },
  battery: { absolute: 5 },
  signal_strength: { absolute: 10 },
  data_rate: { absolute: 0, share: 0.5 },
}

/** Moments that move all the time (last seen, uptime): only the heartbeat tells them. */
const onlyHeartbeat = new Set(['timestamp', 'uptime', 'duration'])
const CIRCLE = 360

/** True if `value` is worth telling after `told`; both in the stored unit. Texts differ or not. */
export function isNews(
  deviceClass: string | undefined,
  told: number | string,
  value: number | string,
  options: Pick<ReadingOptions, 'deadbands'>,
): boolean {
  if (value === told) return false
  if (deviceClass && onlyHeartbeat.has(deviceClass)) return false
  if (typeof told === 'string' || typeof value === 'string') return true
  const own = deviceClass === undefined ? undefined : options.deadbands[deviceClass]
  const straight = Math.abs(value - told)
  if (deviceClass === 'wind_direction') return Math.min(straight, CIRCLE - straight) >= (own ?? 30)
  const { absolute, share = 0 } =
    own === undefined ? (deadbands[deviceClass ?? ''] ?? { absolute: 0 }) : { absolute: own }
  // Binary fractions: 20.3 - 20 is a little less than 0.3.
  return straight * (1 + 1e-9) >= Math.max(absolute, Math.abs(told) * share)
}
