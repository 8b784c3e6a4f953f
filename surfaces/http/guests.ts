// The paths that bridges serve below the house's own HTTP (`/wakatime/api/v1`, `/v1/logs`): clients of others come here
// with what they have. The bridge lets them in or not. Not for: the Host header, which routes.ts checks before.
import type { HttpBindings } from '@hono/node-server'
import type { Context, Hono } from 'hono'
import type { Bridge } from '../../bridges/bridge.ts'
import { asDaybookError, DaybookError } from '../../schemas/errors.ts'
import type { House } from '../operations/operation.ts'
import { checkToken } from './guard.ts'

/** The most that such a request may carry, bytes. */
const MOST = 16 * 1024 * 1024

/** True for what lies at or below one of the paths that some bridge serves, on or off. */
export function isGuestPath(bridges: readonly Bridge[], path: string): boolean {
  return bridges.some(({ paths = [] }) => paths.some((each) => path === each || path.startsWith(`${each}/`)))
}

/** Hands the requests under a bridge's paths to it. */
export function addGuests<Env extends { Bindings: HttpBindings }>(app: Hono<Env>, house: House, token: string): void {
  for (const { bridge } of house.sources.all()) {
    const serve = async (c: Context<Env>) => {
      const length = Number(c.req.header('content-length') ?? 0)
      if (length > MOST) throw new DaybookError('too_large', `A request may have ${MOST} bytes, this has ${length}.`)
      const hosted = house.sources.all().find((each) => each.bridge === bridge)?.hosted
      if (!hosted)
        throw new DaybookError('not_found', `The source ${bridge.name} is off: daybook connect ${bridge.name}.`)
      return hosted.serve(c.req.raw, { trusted: isTrusted(c.req.header('authorization'), token, house) })
    }
    for (const path of bridge.paths ?? []) {
      app.all(path, serve)
      app.all(`${path}/*`, serve)
    }
  }
}

function isTrusted(header: string | undefined, token: string, house: House): boolean {
  try {
    checkToken(header, token, house.users)
    return true
  } catch (error) {
    if (asDaybookError(error).code === 'unauthorized') return false
    throw error
  }
}
