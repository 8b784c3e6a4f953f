// Readings in the unit that is stored: SI, and °C, hPa, kWh where people read those. Users may choose a unit for each
// entity, so the original is kept beside it. Not for: rounding for people (describe.ts).

/** original unit: [stored unit, factor, added before the factor] */
const conversions: Record<string, [string, number, number?]> = {
  '°F': ['°C', 5 / 9, -32],
  K: ['°C', 1, -273.15],
  Pa: ['hPa', 0.01],
  kPa: ['hPa', 10],
  bar: ['hPa', 1000],
  mbar: ['hPa', 1],
  cbar: ['hPa', 10],
  psi: ['hPa', 68.94757],
  inHg: ['hPa', 33.86389],
  mmHg: ['hPa', 1.333224],
  'km/h': ['m/s', 1 / 3.6],
  mph: ['m/s', 0.44704],
  kn: ['m/s', 0.514444],
  'ft/s': ['m/s', 0.3048],
  'in/s': ['m/s', 0.0254],
  km: ['m', 1000],
  mi: ['m', 1609.344],
  yd: ['m', 0.9144],
  ft: ['m', 0.3048],
  in: ['mm', 25.4],
  cm: ['mm', 10],
  'in/h': ['mm/h', 25.4],
  'in/d': ['mm/d', 25.4],
  mW: ['W', 0.001],
  kW: ['W', 1000],
  MW: ['W', 1e6],
  'BTU/h': ['W', 0.2930711],
  Wh: ['kWh', 0.001],
  MWh: ['kWh', 1000],
  GWh: ['kWh', 1e6],
  MJ: ['kWh', 1 / 3.6],
  GJ: ['kWh', 1000 / 3.6],
  mV: ['V', 0.001],
  mA: ['A', 0.001],
  L: ['m³', 0.001],
  mL: ['m³', 1e-6],
  'ft³': ['m³', 0.028316847],
  CCF: ['m³', 2.8316847],
  gal: ['m³', 0.003785412],
  'mg/m³': ['µg/m³', 1000],
}

export interface Reading {
  value: number
  unit?: string
}

/** The reading in the unit that is stored, to nine digits; unchanged where none is known. */
export function toStored(value: number, unit: string | undefined): Reading {
  const [stored, factor, before = 0] = (unit && conversions[unit]) || []
  if (!stored || factor === undefined) return { value, ...(unit && { unit }) }
  return { value: Number(((value + before) * factor).toPrecision(9)), unit: stored }
}
