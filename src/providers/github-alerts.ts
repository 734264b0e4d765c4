import { byWho, firstText, given, inWhere, line, lines } from './preset.ts'
import type { Message } from './sender.ts'

/** GitHub's events about what is unsafe: what, how bad, in which file or package, where to look. */
export const alertMessages: { readonly [event: string]: Message | string } = {
  code_scanning_alert: alertMessage('Code scanning'),
  dependabot_alert: alertMessage('Dependabot'),
  secret_scanning_alert: alertMessage('Secret scanning'),
  repository_vulnerability_alert: alertMessage('Vulnerability'),
  secret_scanning_alert_location: 'secret_scanning_alert tells of the secret itself',
  security_advisory: {
    about: 'security_advisory',
    template: lines(
      `Security advisory${given(' ', 'security_advisory.ghsa_id')}${given(' ', 'action')}${given(': ', 'security_advisory.summary')}${given(' (', 'security_advisory.severity', ')')}`,
      line('page'),
    ),
    derive: (payload) => ({
      page: firstText(payload, 'security_advisory.html_url', 'security_advisory.references.0.url'),
    }),
  },
}

function alertMessage(kind: string): Message {
  return {
    about: 'alert',
    template: lines(
      `${kind} alert${given(' #', 'alert.number')}${given(' ', 'happened')}${inWhere}${byWho}${given(': ', 'finding')}${given(' (', 'severity', ')')}`,
      line('place', 'In '),
      line('alert.html_url'),
    ),
    derive: (payload) => ({
      finding: firstText(
        payload,
        'alert.security_advisory.summary',
        'alert.rule.description',
        'alert.secret_type_display_name',
        'alert.secret_type',
        'alert.external_identifier',
      ),
      severity: firstText(
        payload,
        'alert.security_advisory.severity',
        'alert.rule.security_severity_level',
        'alert.rule.severity',
        'alert.severity',
      ),
      place: firstText(
        payload,
        'alert.dependency.package.name',
        'alert.most_recent_instance.location.path',
        'alert.instances.0.location.path',
        'alert.affected_package_name',
      ),
    }),
  }
}
