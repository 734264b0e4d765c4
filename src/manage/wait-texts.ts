import { isLoopback } from '../domain/loopback.ts'
import { shellQuoted } from '../domain/shell-quote.ts'
import type { Wait, WaitAccept } from '../domain/wait.ts'

// What an agent hands to others with the URL of a wait. Each repeats itself when no answer came, under the wait's own id: that wakes
// the agent once.

const contentType = (accept: WaitAccept): string => (accept === 'text' ? 'text/plain' : 'application/json')

/** A command for a shell that answers the wait. */
export function curlText({ id, accept }: Pick<Wait, 'id' | 'accept'>, url: string): string {
  const body = { any: '{"message":"done"}', json: '{"status":"done"}', text: 'done' }[accept]
  return `curl -fsS --retry 5 ${shellQuoted(url)} -H 'Content-Type: ${contentType(accept)}' -H 'Idempotency-Key: ${id}' -d ${shellQuoted(body)}`
}

/** A step for the end of a GitHub Actions job, in YAML: it tells how the job went and where. */
export function githubStepText({ id, accept }: Pick<Wait, 'id' | 'accept'>, url: string): string {
  const body =
    accept === 'text'
      ? '"$STATUS: $RUN"'
      : String.raw`"{\"status\":\"$STATUS\",\"job\":\"$GITHUB_JOB\",\"run\":\"$RUN\"}"`
  return `- name: Wake the agent that waits (${id})
  if: always()
  env:
    POSTERN_URL: ${url}
    STATUS: \${{ job.status }}
    RUN: \${{ github.server_url }}/\${{ github.repository }}/actions/runs/\${{ github.run_id }}
  run: |
    curl -fsS --retry 5 "$POSTERN_URL" -H 'Content-Type: ${contentType(accept)}' \\
      -H 'Idempotency-Key: ${id}' -d ${body}
`
}

/** Whether only this machine reaches a URL. */
export const reachOf = (url: string): 'public' | 'local' =>
  isLoopback(new URL(url).hostname) ? 'local' : 'public'
