{{/* The name of the release's things. */}}
{{- define "portal.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* Labels that select one component's pods. Takes a list: the root, the component. */}}
{{- define "portal.selector" -}}
app.kubernetes.io/name: {{ default (index . 0).Chart.Name (index . 0).Values.nameOverride | trunc 63 }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "portal.labels" -}}
{{ include "portal.selector" . }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
helm.sh/chart: {{ printf "%s-%s" (index . 0).Chart.Name (index . 0).Chart.Version }}
{{- end }}

{{- define "portal.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}{{ .repository }}@{{ .digest }}{{- else -}}{{ .repository }}:{{ default $.Chart.AppVersion .tag }}{{- end -}}
{{- end -}}
{{- end }}

{{/* What every pod is: nobody in particular, without a token. */}}
{{- define "portal.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* Where a component's pods may run. Takes the component's values. */}}
{{- define "portal.placing" -}}
{{- with .nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* One pod to a machine where that is possible. Takes a list: the root, the component. */}}
{{- define "portal.spread" -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "portal.selector" . | nindent 8 }}
{{- end }}

{{- define "portal.container" -}}
image: {{ include "portal.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{/* What has to do with the database: secrets come as files, never as values. */}}
{{- define "portal.secretFiles" -}}
- {name: DATABASE_URL_FILE, value: /etc/publisher-portal/database-url}
- {name: PORTAL_SECRET_KEY_FILE, value: /etc/publisher-portal/secret-key}
- {name: PORTAL_ENCRYPTION_KEYS_FILE, value: /etc/publisher-portal/encryption-keys}
{{- end }}

{{- define "portal.secretVolume" -}}
- name: secrets
  secret:
    secretName: {{ .Values.secrets.name }}
    defaultMode: 0440
    items:
      - {key: {{ .Values.secrets.keys.databaseUrl }}, path: database-url}
      - {key: {{ .Values.secrets.keys.secretKey }}, path: secret-key}
      - {key: {{ .Values.secrets.keys.encryptionKeys }}, path: encryption-keys}
{{- end }}

{{/* The home is made in the volume, so that it is the process's own, for nobody else to read. */}}
{{- define "portal.home" -}}
- {name: PORTAL_HOME, value: /var/lib/publisher-portal/home}
{{- end }}

{{- define "portal.homeMounts" -}}
- {name: home, mountPath: /var/lib/publisher-portal}
- {name: tmp, mountPath: /tmp}
{{- end }}

{{- define "portal.tmpVolume" -}}
- name: tmp
  emptyDir: {sizeLimit: 256Mi}
{{- end }}

{{/* Settings of one's own. Takes a component's values. Values of secretEnvironment are files' names, as NAME_FILE. */}}
{{- define "portal.environment" -}}
{{- range $name, $value := .environment }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- range $name, $from := .secretEnvironment }}
- {name: {{ $name }}_FILE, value: /etc/publisher-portal-more/{{ $name }}/value}
{{- end }}
{{- end }}

{{- define "portal.environmentMounts" -}}
{{- range $name, $from := .secretEnvironment }}
- {name: {{ $name | lower | replace "_" "-" }}, mountPath: /etc/publisher-portal-more/{{ $name }}, readOnly: true}
{{- end }}
{{- end }}

{{- define "portal.environmentVolumes" -}}
{{- range $name, $from := .secretEnvironment }}
- name: {{ $name | lower | replace "_" "-" }}
  secret:
    secretName: {{ $from.name }}
    defaultMode: 0440
    items: [{key: {{ $from.key }}, path: value}]
{{- end }}
{{- end }}

{{/* Secrets of type tls as watched places: a folder each. */}}
{{- define "portal.watched" -}}
{{- if .Values.watched }}
- {name: PORTAL_WATCHED_FOLDERS, value: /watched}
{{- end }}
{{- end }}

{{- define "portal.watchedMounts" -}}
{{- range .Values.watched }}
- {name: watched-{{ .name }}, mountPath: /watched/{{ .name }}, readOnly: true}
{{- end }}
{{- end }}

{{- define "portal.watchedVolumes" -}}
{{- range .Values.watched }}
- name: watched-{{ .name }}
  secret: {secretName: {{ .secretName }}, defaultMode: 0440}
{{- end }}
{{- end }}

{{/* A name by which the portal may be called, for probes; by its address it may not. */}}
{{- define "portal.host" -}}
{{- $first := first (default (list "localhost") .Values.portal.allowedHosts) -}}
{{- ternary "localhost" (trimPrefix "." $first) (eq $first "*") -}}
{{- end }}

{{/* Where gateways find the control plane. */}}
{{- define "portal.controlPlaneName" -}}
{{ include "portal.fullname" . }}-control-plane.{{ .Release.Namespace }}.svc
{{- end }}

{{/* How many gateways there may be. */}}
{{- define "portal.mostGateways" -}}
{{- with .Values.gateway }}{{ ternary .autoscaling.maxReplicas .replicas .autoscaling.enabled }}{{ end -}}
{{- end }}

{{/* Rules of network policies. */}}
{{- define "portal.toNames" -}}
- ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
{{- end }}

{{- define "portal.toDatabase" -}}
- ports: [{protocol: TCP, port: {{ .Values.networkPolicy.database.port }}}]
  {{- with .Values.networkPolicy.database.to }}
  to: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
