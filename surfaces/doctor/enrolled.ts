// A device that was enrolled: does it reach the house and the broker that it belongs to, do they take its credential, and
// does its clock agree with the house. Not for: what of it waits to be sent, which `daybook status` says.
import { foreignConfig } from '../../broker/foreign/config.ts'
import type { Enrolment } from '../../schemas/enrolment.ts'
import { getStatus } from '../operations/get-status.ts'
import { checkLogin } from './broker.ts'
import { checkEndpoint } from './endpoint.ts'
import { type Finding, fail, type Verdict } from './finding.ts'
import { checkAuth, checkHttp } from './http.ts'
import { checkSkew } from './machine.ts'

const AGAIN = 'Enrol this device again: `daybook enroll <name>` on the server makes a code.'

export async function checkEnrolled({ house, broker }: Enrolment, now: number): Promise<Finding[]> {
  const [at, bus] = [new URL(house.url), new URL(broker.url)]
  let skew: Verdict | null = null
  const ofHouse = await checkEndpoint('house', at, now, [
    [
      'http',
      async () => {
        const { verdict, response } = await checkHttp(new URL('/livez', at).href)
        // The only answer of ours to a stranger's probe that is a refusal.
        if (response?.status === 403)
          return fail(`it does not know the name ${at.hostname}`, `Add "${at.hostname}" to http.allowedHosts there.`)
        if (response) skew = checkSkew(response, now)
        return verdict
      },
    ],
    [
      'auth',
      async () => {
        const headers = { authorization: `Bearer ${house.token}` }
        const { verdict, response } = await checkHttp(new URL(getStatus.path, at).href, headers)
        return response ? checkAuth(response, AGAIN) : verdict
      },
    ],
  ])
  const clock: Finding[] = skew ? [{ about: 'house', layer: 'clock', ...(skew as Verdict) }] : []
  const ofBroker = await checkEndpoint('broker', bus, now, [
    ['auth', () => checkLogin(foreignConfig.parse(broker), AGAIN)],
  ])
  return [...ofHouse, ...clock, ...ofBroker]
}
