import type { ReportDocument } from '../../src/reports/document.ts'
import type { Drawing } from '../../src/reports/drawing/drawing.ts'

export const sampleDrawing: Drawing = {
  width: 400,
  height: 160,
  shapes: [
    { shape: 'box', x: 10.5, y: 10.5, width: 180, height: 80, fill: '#ffffff', stroke: '#334155' },
    { shape: 'label', x: 100, y: 27, text: 'OperationalData', size: 12, bold: true, anchor: 'middle', fill: '#000000' },
    {
      shape: 'polyline',
      points: [
        [190, 60],
        [300, 60],
        [300, 120]
      ],
      stroke: '#334155'
    }
  ]
}

/** One of each kind of block, in Korean, with what markup and formulas are made of. */
export const sampleDocument: ReportDocument = {
  language: 'ko',
  title: '제조데이터 표준 활용 가이드 – <롤포밍기> & "공34"',
  properties: [['설비', '롤포밍기']],
  sections: [
    {
      id: 'overview',
      heading: '개요 <script>',
      blocks: [
        { kind: 'paragraph', text: '첫 줄\n둘째 줄 \u0001', status: 'partly' },
        { kind: 'list', items: ['하나', '둘 & 셋'] },
        { kind: 'figure', drawing: sampleDrawing, alternative: '클래스 하나', caption: 'UML 다이어그램' }
      ],
      sections: [{ id: 'overview-1', heading: '아래', blocks: [] }]
    },
    {
      id: 'tables',
      heading: '표',
      blocks: [
        {
          kind: 'table',
          caption: '구성요소',
          sheet: 'Operational/Data: 구성요소 상세 정보 테이블 전체',
          columns: [{ heading: '요소', width: 2 }, { heading: '값' }, { heading: '판정' }],
          rows: [
            [
              { text: 'idShort:', label: true },
              { text: 'OperationalData', span: 2 }
            ],
            ['=1+1 _x0041_', 1234.5, { text: '기록 없음', status: 'unmet' }],
            [{ text: '밖', link: 'https://example.org/?a=1&b=2' }, { text: '안', link: '#overview' }, ''],
            [{ text: '나쁨', link: 'javascript:alert(1)' }, -0.25, { text: '', status: 'met' }]
          ]
        },
        {
          kind: 'table',
          sheet: 'operational Data  구성요소 상세 정보 테이블 전체',
          columns: [{ heading: 'A' }],
          rows: [['끝']]
        }
      ]
    }
  ]
}
