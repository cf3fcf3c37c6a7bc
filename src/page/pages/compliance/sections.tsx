/** The sections of a report: what does not hold is open, with its evidence one click away. */
import { useState } from 'preact/hooks'
import type { ComplianceReport, Evidence, ReportCheck, ReportSection } from '../../../client/api/compliance.ts'
import { formatNumber } from '../../core/format.ts'
import { language } from '../../core/language.ts'
import { complianceMessages } from './messages.ts'
import { VerdictBadge } from './verdict-badge.tsx'

export function Sections({ report }: { readonly report: ComplianceReport }) {
  // An auditor begins with the criteria of the programme.
  const sections = report.sections.toSorted(
    (one, other) => Number(other.name === 'criteria') - Number(one.name === 'criteria')
  )
  return (
    <>
      {sections.map((section) => (
        <Section key={section.name} section={section} />
      ))}
    </>
  )
}

function Section({ section }: { readonly section: ReportSection }) {
  const text = complianceMessages()
  const { name, verdict, summary, checks } = section
  const [isOpen, setOpen] = useState(name === 'criteria')
  const heading = text[`section_${name}` as keyof typeof text]
  return (
    <details class="compliance-section" open={isOpen} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        <span class="compliance-heading">{typeof heading === 'string' ? heading : name}</span>{' '}
        <VerdictBadge verdict={verdict} /> <span class="muted">{summary[language.value]}</span>
      </summary>
      {isOpen && (
        <ul class="compliance-checks">
          {checks.map((check) => (
            <Check key={check.id} check={check} />
          ))}
        </ul>
      )}
    </details>
  )
}

function Check({ check }: { readonly check: ReportCheck }) {
  const text = complianceMessages()
  const { id, verdict, text: said, evidence, provedBy = [] } = check
  const [isOpen, setOpen] = useState(false)
  const has = evidence.length + provedBy.length > 0
  return (
    <li>
      <p class="compliance-check">
        <VerdictBadge verdict={verdict} /> <span>{said[language.value]}</span> <code class="muted">{id}</code>
      </p>
      {has && (
        <details open={isOpen} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
          <summary class="muted">{text.evidence}</summary>
          {isOpen && (
            <ul class="compliance-evidence">
              {provedBy.length > 0 && <li class="mono">{provedBy.join(', ')}</li>}
              {evidence.map((one, index) => (
                // Evidence has no name, and its order never changes.
                <EvidenceItem key={index} evidence={one} />
              ))}
            </ul>
          )}
        </details>
      )}
    </li>
  )
}

function EvidenceItem({ evidence }: { readonly evidence: Evidence }) {
  switch (evidence.kind) {
    case 'note':
      return <li>{evidence.text[language.value]}</li>
    case 'figure': {
      const { name, value, unit, source } = evidence
      return (
        <li>
          {name}: <strong>{typeof value === 'number' ? formatNumber(value) : value}</strong> {unit}
          {source !== undefined && (
            <div class="muted mono">
              {source.request} {source.at}
            </div>
          )}
        </li>
      )
    }
    case 'exchange': {
      const { request, response } = evidence
      return (
        <li>
          <code>
            {request.method} {request.path} → {response.status}
          </code>
          {/* It scrolls, also with the keyboard. */}
          {response.body?.excerpt !== undefined && (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also with the keyboard
            <pre tabIndex={0}>{response.body.excerpt}</pre>
          )}
        </li>
      )
    }
  }
}
