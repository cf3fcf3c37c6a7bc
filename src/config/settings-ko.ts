/** What the settings mean, in Korean: for `/settings`, the page and docs/settings.ko.md. A setting without it does not compile. */
import type { settings } from './settings.ts'

export const settingsKo: Readonly<Record<keyof typeof settings, string>> = {
  HOST: '수신할 주소. 모든 인터페이스는 `0.0.0.0`',
  PORT: '수신할 포트. `0`이면 비어 있는 포트를 사용',
  DATA_DIR: '데이터 디렉터리. 없으면 생성',
  MONGODB_URL:
    '모든 데이터를 대신 저장하고 여러 허브가 공유할 수 있는 MongoDB의 연결 문자열. 이때 `DATA_DIR`에는 허브마다 디렉터리 하나씩 임시 파일만 저장',
  MONGODB_CREDENTIALS_FILE: 'MongoDB의 `user:password`가 든 파일',
  MONGODB_CA_FILE: 'MongoDB 연결용 CA 인증서(PEM)',
  MONGODB_POOL_SIZE: 'MongoDB 연결의 최대 개수',
  MONGODB_CONNECT_TIMEOUT: 'MongoDB 연결 대기 시간. 지나면 요청을 거부',
  MONGODB_TIMEOUT: 'MongoDB 응답 대기 시간',
  API_PREFIX: '표준 API의 경로 접두사. 별칭에는 `.0`과 `.1`이 붙음',
  PUBLIC_URL: '프록시 뒤에 있을 때 클라이언트가 허브에 접속하는 URL(경로 제외)',
  PRELOAD: '시작할 때 읽어 들이는 파일 또는 파일이 든 폴더(`.aasx`, `.json`, `.xml`). 이미 저장된 문서는 그대로 둠',
  LENIENT: '업로드와 사전 로드 파일의 잘못된 문서도 받아들이고 그 사유를 함께 저장',
  TEMPLATES: 'semanticId의 템플릿을 위반한 서브모델 처리: `off` 검사 안 함, `warn` 사유와 함께 저장, `enforce` 거부',
  TEMPLATE_POLICY: '`TEMPLATES`의 예외. 쉼표로 구분: `semanticId=enforce`, `semanticId=off`',
  SCHEMAS_DIR: '추가 JSON 스키마 또는 서브모델 템플릿(`.json`)이 든 폴더. 같은 semanticId의 내장 스키마보다 우선',
  ISSUERS:
    '토큰을 받아들일 ID 제공자의 JSON 파일: `{issuer, audience, scopes?, jwksUri?, algorithms?, claims?}`의 목록 또는 BaSyx Go의 신뢰 목록. 파일이 바뀌면 다시 읽음',
  TLS_CERT: 'HTTPS용 인증서 체인(PEM). 파일이 바뀌면 다시 읽음',
  TLS_KEY: '`TLS_CERT`의 개인 키(PEM)',
  TLS_CLIENT_CA: 'CA 인증서(PEM). 호출자는 이 CA가 발급한 클라이언트 인증서로 인증할 수 있음. 파일이 바뀌면 다시 읽음',
  TLS_CRL: '`TLS_CLIENT_CA`의 기관별 인증서 폐기 목록(PEM). 파일이 바뀌면 다시 읽음. 비우면 폐기 여부를 확인하지 않음',
  TLS_CLIENT_CLAIMS:
    '클라이언트 인증서의 클레임을 정하는 JSON 파일: `{subject: {CN: "line-*"}, fingerprint?, claims: {role: "gateway"}}`의 목록. 파일이 바뀌면 다시 읽음',
  INSECURE: '다른 장비에서 접근할 수 있는 주소에서 인증 없이 시작',
  MEMORY:
    '프로세스가 넘지 않아야 할 메모리. 캐시, 대기열, 힙의 크기가 이 값에서 정해짐. `auto`: 컨테이너 제한의 10분의 9, 제한이 없으면 장비 메모리의 절반(최대 4 GiB)',
  BODY_LIMIT: 'JSON 본문의 최대 크기. `auto`: 16 MiB, `MEMORY`가 작으면 그보다 작음',
  BODY_MEMORY: '수신 중인 큰 JSON 본문 전체에 쓰는 메모리. `auto`: `MEMORY`에 따름. 넘으면 503으로 응답',
  MAX_CONNECTIONS: '최대 연결 수. 넘는 연결의 요청은 503으로 응답',
  UPLOAD_LIMIT: '파일(패키지, 첨부 파일, 썸네일)의 최대 크기',
  UPLOAD_SPACE: '수신 중인 파일과 그 압축을 푼 내용 전체에 쓰는 디스크. 넘으면 503으로 응답',
  DEFAULT_LIMIT: '클라이언트가 지정하지 않을 때의 페이지 크기',
  MAX_LIMIT: '최대 페이지 크기',
  QUERY_TIMEOUT:
    '쿼리 또는 접근 규칙이 일부를 숨기는 목록이 한 페이지를 찾는 데 쓸 수 있는 시간. 지나면 페이지를 일찍 끝내고 이어 갈 커서를 줌',
  REQUEST_TIMEOUT: '요청이 모두 도착할 때까지의 시간',
  DRAIN_TIMEOUT: '허브가 멈출 때 진행 중인 요청에 주는 시간',
  CACHE_SIZE: '저장소 캐시에 쓰는 메모리. `auto`: `MEMORY`에 따름',
  EXPORT_THREADS: '대량 내보내기용 스레드: `auto`, 개수 또는 `off`',
  LOG_RETENTION: '변경 로그의 보존 기간',
  REVISION_RETENTION:
    '`$history`와 `$recent-changes`를 위해 문서의 이전 상태를 보존하는 기간. `off`이면 보존하지 않습니다',
  REVISION_SIZE: '이전 상태에 쓰는 디스크의 대략적인 크기. 넘으면 오래된 것부터 먼저 삭제합니다',
  HISTORY: '한정자 `History`가 없는 요소의 이력 정책: `off` 또는 `keep=P1Y; after=P30D; mean=PT1M`. 비우면 모두 보존',
  COLLECTION_PLAN:
    '실제 수집과 비교할 데이터 수집 포인트 계획: 파일(`.csv`, `.xlsx`, `.json`) 또는 저장된 서브모델의 식별자. 비우면 계획 없음',
  LOG_SIZE: '변경 로그의 최대 크기. 넘으면 가장 오래된 항목부터 일찍 삭제',
  FUTURE_LIMIT: '샘플의 시각이 허브 시계보다 앞설 수 있는 한도. `off`는 제한 없음',
  FUTURE_SAMPLES:
    '`FUTURE_LIMIT`을 넘는 샘플 처리: `refuse` 거부, `clamp` 도착 시각으로 바꾸고 품질을 불확실로 표시. MQTT는 항상 clamp',
  UNKNOWN_SERIES: '없는 요소의 샘플 처리: `refuse` 거부, `create` Property를 생성',
  UNKNOWN_SUBMODEL: '샘플이 생성할 수 있는 유일한 서브모델의 식별자. 비우면 제한 없음',
  UNKNOWN_TEMPLATE: '샘플이 생성하는 서브모델의 semanticId(예: 서브모델 템플릿의 것)',
  SEGMENT_RECORDS: 'TimeSeries 서브모델(IDTA 02008)의 내부 세그먼트에 담는 최신 레코드 수',
  STREAM_HEARTBEAT: 'WebSocket 하트비트 간격. 응답하지 않는 클라이언트는 연결을 끊음',
  STREAM_DEFLATE: 'WebSocket 클라이언트에 압축(permessage-deflate)을 제공',
  LINE_MAPPING: '라인 프로토콜의 포인트를 요소에 대응시키는 JSON 파일. 비우면 태그 `submodel` 또는 측정 이름을 따름',
  ACCESS_RULES:
    'AAS Part 4 접근 규칙이 든 파일 또는 `.json` 파일의 폴더. 시작할 때와 바뀔 때마다 읽음. 비우면 마지막으로 활성화한 버전 또는 내장 역할',
  TRUSTED_PROXIES:
    '`X-Forwarded-For`로 클라이언트를 알려 주는 프록시의 주소 또는 네트워크. 쉼표로 구분. 한도, 로그인 실패, 감사에 사용',
  REQUEST_RATE: '인증된 호출자 하나의 초당 요청 수. 넘으면 429. `off`는 제한 없음',
  SAMPLE_RATE: '인증된 호출자 하나가 초당 보낼 수 있는 샘플 수. 넘으면 429',
  CALLER_CONNECTIONS: '인증된 호출자 하나가 열 수 있는 WebSocket 수',
  CALLER_SUBSCRIPTIONS: '인증된 호출자 하나의 구독 수. WebSocket과 이벤트 스트림을 함께 셈',
  AUDIT:
    '식별된 호출자에 대한 기록 범위: `writes` 쓰기와 거부, 로그인, 키·사용자·규칙의 변경, `reads` 읽기까지, `off` 없음. 개방된 허브는 호출자를 알지 못함',
  AUDIT_RETENTION: '감사 기록의 보존 기간',
  AUDIT_VALUES: '요소에 쓴 값도 감사에 기록',
  SIGNING_KEY:
    '준수 보고서에 서명하는 개인 키(PEM, PKCS #8: Ed25519, P-256, P-384 또는 RSA). 비우면 허브가 만들어 보관',
  COMPLIANCE_SCHEDULE:
    '허브가 스스로 점검하는 시점: `12h`, `7d`처럼 주기, `03:00`처럼 매일의 시각(장비 시간) 또는 `off`. 나빠진 것은 로그, 메트릭, 감사에 남음',
  COMPLIANCE_CRITERIA:
    '준수 보고서가 점검에 대응시키는 기준의 JSON 파일. schemas/compliance/criteria.json의 형식. 비우면 그 파일',
  COMPLIANCE_REPORTS: '보관하는 준수 보고서의 수. 가장 오래된 것부터 삭제',
  COMPLIANCE_SIZE: '보관하는 모든 준수 보고서의 최대 크기',
  CHROMIUM: '문서를 PDF로 인쇄하는 Chromium 또는 Chrome. 비우면 일반적인 위치에 설치된 것을 사용',
  CORS_ORIGIN: '브라우저에서 API를 호출할 수 있는 웹 출처. 쉼표로 구분. `*`는 모두, 비우면 없음',
  ALLOWED_HOSTS:
    '`PUBLIC_URL`의 이름 외에 받아들이는 호스트 이름. 쉼표로 구분. `*`는 모두. 비우면 이 장비에서만 수신할 때는 `localhost`와 IP 주소, 그 밖에는 모두',
  REGISTER_AT: '셸과 서브모델을 `PUBLIC_URL` 아래의 엔드포인트와 함께 등록할 레지스트리의 API 루트',
  MQTT_URL: '샘플을 받을 MQTT 브로커의 URL: `mqtt://`, `mqtts://`, `ws://` 또는 `wss://`',
  MQTT_CREDENTIALS_FILE: 'MQTT 브로커의 `user:password`가 든 파일',
  MQTT_CA_FILE: 'MQTT 브로커 연결용 CA 인증서(PEM)',
  MQTT_CLIENT_ID:
    'MQTT 클라이언트 ID. 브로커가 세션을 이어 가도록 고유하고 재시작해도 같아야 함. 비우면 저장된 데이터에서 정함',
  MQTT_MAPPING:
    '토픽을 요소에 대응시키는 JSON 파일. 비우면 Sparkplug B 장치는 서브모델의 idShort, 그 밖에는 저장된 자산 인터페이스(IDTA 02017)를 따름',
  MQTT_CLAIMS:
    'MQTT 브로커가 보내는 것의 클레임: 쉼표로 구분한 `name=value` 또는 JSON. 호출자를 인증하는 허브에서는 쓸 수 있는 범위를 접근 규칙이 정함',
  MQTT_PUBLISH_CLAIMS:
    'MQTT로 발행되는 것을 읽는 이의 클레임. 호출자를 인증하는 허브에서는 읽을 수 있는 것만 발행. 비우면 모두',
  MQTT_PUBLISH: '변경을 발행하는 Eclipse BaSyx 토픽의 저장소 이름. 비우면 발행하지 않음',
  MQTT_EVENTS_TOPIC: '변경을 async-aas 이벤트(CloudEvents)로 발행하는 토픽, 예: `noauth`. 비우면 발행하지 않음',
  MQTT_EVENTS_DATA: 'async-aas 이벤트에 변경된 문서나 요소를 담음. 담지 않으면 구독자가 필요한 것을 허브에서 읽음',
  COLLECT_TARGETS:
    '저장된 Asset Interfaces Description(IDTA 02017)이 가리킬 때 허브가 연결해도 되는 호스트와 네트워크, 각각 포트와 함께, 예: `192.168.10.0/24:502,plc-1.plant`; 비어 있으면 없음. 이 컴퓨터와 그 링크는 직접 적었을 때만 허용됩니다',
  COLLECT_CLAIMS:
    '기계에서 수집한 값의 클레임, `MQTT_CLAIMS`와 같은 형식; 호출자를 인증하는 경우 무엇을 쓸 수 있는지는 접근 규칙이 정합니다',
  COLLECT_BUFFER:
    '수집했지만 저장소가 받지 않거나, `aas-hub collect`의 경우 허브에 닿지 않아 디스크에서 기다리는 샘플의 최대 크기; 넘으면 가장 오래된 샘플을 버립니다',
  COLLECT_BUFFER_DIR: '기다리는 폴더, `DATA_DIR`과 다른 디스크가 좋습니다; 비우면 `DATA_DIR`의 `collected`',
  COLLECT_SHELL:
    '허브 자신의 셸 ID(예: `urn:aas-hub:shell`). 연결 서브모델과 함께 만들어져 그것을 참조합니다; 비우면 만들지 않음',
  COLLECT_SUBMODEL:
    '허브가 설비와의 연결을 실시간 값으로 보여 주는 서브모델의 ID (연결이 있을 때 만들어짐). 비우면 만들지 않음',
  COLLECT_SECRETS:
    '기계의 비밀이 든 폴더: 호스트마다 `host` 또는 `host_port` 폴더가 있고, 설명이 이름으로 가리키는 비밀마다 파일이 하나, 사설 인증 기관은 `ca.pem`에 있습니다',
  OPCUA_CERTIFICATES:
    'OPC UA 인증서가 든 폴더: 허브 자신의 인증서, 신뢰하거나 거부한 서버와 클라이언트의 인증서(비우면 `DATA_DIR`의 `opcua-certificates`). 데이터베이스를 공유하는 허브는 이 폴더도 공유',
  OPCUA_PORT:
    '저장된 내용을 OPC UA(I4AAS, OPC 30270)로 제공하는 포트, 주소는 `HOST`. `0`은 빈 포트, `off`는 제공하지 않음',
  OPCUA_UNENCRYPTED:
    'OPC UA 클라이언트가 암호화와 인증서 없이도 연결할 수 있음(보안 정책 None). 루프백에서는 항상 가능',
  OPERATION_TARGETS: 'Operation 호출을 위임할 수 있는 URL과 그 아래의 모든 경로. 쉼표로 구분',
  OPERATIONS:
    'Operation을 실행하는 함수를 기본으로 내보내는 JavaScript 모듈. 함수 이름은 `submodelId/idShortPath` 또는 semanticId',
  MCP_WRITES: '에이전트에게 값 쓰기, 샘플 전송, Operation 호출 도구를 제공. 호출자의 권한이 적용됨',
  LOG_LEVEL: '로그의 최소 수준: `trace`, `debug`, `info`, `warn`, `error`, `fatal`, `silent`',
  LOG_FORMAT: '로그 형식: 사람이 읽는 `pretty`, 기계가 읽는 `json`, `auto`는 터미널에서 pretty'
}
