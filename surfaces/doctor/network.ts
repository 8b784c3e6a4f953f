// The layers under every connection, each asked on its own: name, TCP, TLS. Not for: what is spoken above them.
import { lookup } from 'node:dns/promises'
import { connect, isIP } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { fail, ok, type Verdict, warn } from './finding.ts'

/** How long each layer may take, ms. */
export const LAYER_MS = 5_000
const EXPIRES_SOON_MS = 14 * 86_400_000

export async function checkName(host: string): Promise<Verdict> {
  if (isIP(host)) return ok(`${host} is an address`)
  try {
    const { address } = await lookup(host)
    return ok(`${host} is ${address}`)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EAI_AGAIN')
      return fail(`the name ${host} cannot be looked up now`, 'Check the DNS server of this machine.')
    return fail(`nobody knows the name ${host} (${code})`, 'Check its spelling, or use the IP address.')
  }
}

export function checkTcp(host: string, port: number, ms = LAYER_MS): Promise<Verdict> {
  return new Promise((resolve) => {
    const where = `${host}:${port}`
    const socket = connect({ host, port, timeout: ms })
    const done = (verdict: Verdict) => {
      socket.destroy()
      resolve(verdict)
    }
    socket.once('connect', () => done(ok(`${where} accepts connections`)))
    socket.once('timeout', () =>
      done(
        fail(`${where} does not answer within ${ms / 1000} s`, 'Is the machine on? Does a firewall drop this port?'),
      ),
    )
    socket.once('error', ({ code }: NodeJS.ErrnoException) =>
      done(
        code === 'ECONNREFUSED'
          ? fail(`nothing listens on ${where}`, 'Start it, or correct the port in the configuration.')
          : fail(`${where} cannot be reached (${code})`, 'Check the address and the network of this machine.'),
      ),
    )
  })
}

/** The handshake and the certificate, as a client that trusts what this machine trusts. */
export function checkTls(host: string, port: number, now: number, ms = LAYER_MS): Promise<Verdict> {
  return new Promise((resolve) => {
    const socket = connectTls({ host, port, timeout: ms, ...(isIP(host) === 0 && { servername: host }) })
    const done = (verdict: Verdict) => {
      socket.destroy()
      resolve(verdict)
    }
    socket.once('secureConnect', () => {
      const until = socket.getPeerCertificate().valid_to
      const soon = Date.parse(until) - now < EXPIRES_SOON_MS
      done(
        soon
          ? warn(`the certificate ends ${until}`, 'Renew it.')
          : ok(`${socket.getProtocol()}, certificate until ${until}`),
      )
    })
    socket.once('timeout', () => done(fail(`no TLS handshake within ${ms / 1000} s`, PLAIN)))
    socket.once('error', (error: NodeJS.ErrnoException) => done(tlsFailure(error)))
  })
}

const PLAIN = 'Perhaps it speaks no TLS: try the URL with http: or mqtt: instead.'
const TRUST = 'Start Daybook with NODE_EXTRA_CA_CERTS naming the CA (or this certificate) as a PEM file.'

const certificate: Record<string, [detail: string, fix: string]> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: ['the certificate is self-signed', TRUST],
  SELF_SIGNED_CERT_IN_CHAIN: ['the certificate comes from a CA that this machine does not know', TRUST],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['the certificate comes from a CA that this machine does not know', TRUST],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['the certificate comes from a CA that this machine does not know', TRUST],
  CERT_HAS_EXPIRED: ['the certificate has expired', 'Renew it, and check the clock of this machine.'],
  CERT_NOT_YET_VALID: ['the certificate is not valid yet', 'Check the clock of this machine.'],
  ERR_TLS_CERT_ALTNAME_INVALID: ['the certificate is for another name', 'Use the name that it is for in the URL.'],
}

function tlsFailure({ code = '', message }: NodeJS.ErrnoException): Verdict {
  const known = certificate[code]
  if (known) return fail(...known)
  if (/wrong version number|packet length too long|ECONNRESET/i.test(`${code} ${message}`))
    return fail('it does not speak TLS', PLAIN)
  return fail(
    `the TLS handshake failed (${code || message})`,
    'Check the certificate and the TLS versions of the server.',
  )
}
