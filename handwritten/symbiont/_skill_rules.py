"""Rules of the skill scanner: name, severity, regular expression for one line, and what it means (sheet §12.1)."""

from __future__ import annotations

Line = tuple[str, str, str, str]

CLAWHAVOC: tuple[Line, ...] = (
    ("pipe-to-shell", "critical", r"curl\s.*\|\s*(sh|bash|zsh)", "Runs what it downloads"),
    ("wget-pipe-to-shell", "critical", r"wget\s.*\|\s*(sh|bash|zsh)", "Runs what it downloads"),
    ("env-file-reference", "warning", r"\.(env|ENV)\b", "Names a file that holds secrets"),
    ("soul-md-modification", "critical", r"(write|modify|overwrite|replace).*SOUL\.md", "Changes an agent's identity"),
    ("memory-md-modification", "warning", r"(write|modify|overwrite|replace).*memory\.md", "Changes an agent's memory"),
    ("eval-with-fetch", "critical", r"eval\s*\(.*fetch", "Evaluates what it fetches"),
    ("fetch-with-eval", "critical", r"fetch\s*\(.*\.then.*eval", "Evaluates what it fetches"),
    ("base64-decode-exec", "critical", r"(base64.*decode|atob)\s*\(.*\)\s*.*exec", "Runs what it decodes"),
    ("rm-rf-pattern", "critical", r"rm\s+-rf\s+/", "Removes files from the root on"),
    ("chmod-777", "warning", r"chmod\s+777", "Opens files to everyone"),
)
"""The ten that the SDK has always had; they match cases as they are written."""

RUNTIME: tuple[Line, ...] = (
    ("pipe-to-shell", "critical", r"curl\s+[^\|]*\|\s*(ba)?sh", "Runs what it downloads"),
    ("wget-pipe-to-shell", "critical", r"wget\s+[^\|]*\|\s*(ba)?sh", "Runs what it downloads"),
    ("env-file-reference", "warning", r"(?i)\.env\b", "Names a file that holds secrets"),
    (
        "soul-md-modification",
        "critical",
        r"(?i)(write|modify|overwrite|replace|edit)\s+.*SOUL\.md",
        "Changes an agent's identity",
    ),
    (
        "memory-md-modification",
        "critical",
        r"(?i)(write|modify|overwrite|replace|edit)\s+.*MEMORY\.md",
        "Changes an agent's memory",
    ),
    (
        "eval-with-fetch",
        "critical",
        r"(?i)(eval|exec)\s*\(.*\b(fetch|request|http|curl|wget)",
        "Evaluates what it fetches",
    ),
    (
        "fetch-with-eval",
        "critical",
        r"(?i)(fetch|request|http|curl|wget).*\b(eval|exec)\s*\(",
        "Evaluates what it fetches",
    ),
    ("base64-decode-exec", "critical", r"(?i)base64\s+(-d|--decode).*\|\s*(ba)?sh", "Runs what it decodes"),
    ("rm-rf-pattern", "critical", r"rm\s+-rf?\s+/", "Removes files from the root on"),
    ("chmod-777", "warning", r"chmod\s+777\b", "Opens files to everyone"),
    ("reverse-shell-bash", "critical", r"bash\s+-i\s+>&\s*/dev/tcp/", "Opens a shell to another machine"),
    ("reverse-shell-nc", "critical", r"nc\s+.*-[ec]\s*/bin/(ba)?sh", "Opens a shell to another machine"),
    ("reverse-shell-ncat", "critical", r"ncat\s+.*-[ec]\s*/bin/(ba)?sh", "Opens a shell to another machine"),
    ("reverse-shell-mkfifo", "critical", r"mkfifo\s+.*\bnc\b", "Opens a shell to another machine"),
    (
        "reverse-shell-python",
        "critical",
        r"\.connect\(.*subprocess|os\.dup2.*socket",
        "Opens a shell to another machine",
    ),
    ("reverse-shell-perl", "critical", r"perl.*socket.*exec.*/bin/(ba)?sh", "Opens a shell to another machine"),
    ("reverse-shell-ruby", "critical", r"ruby.*TCPSocket.*exec.*/bin/(ba)?sh", "Opens a shell to another machine"),
    ("credential-ssh-keys", "high", r"~/\.ssh/(id_rsa|id_ed25519|id_ecdsa|authorized_keys)", "Reads credentials"),
    ("credential-aws", "high", r"~/\.aws/(credentials|config)", "Reads credentials"),
    ("credential-cloud-config", "high", r"~/\.(config/gcloud|kube/config|azure)", "Reads credentials"),
    ("credential-browser-cookies", "high", r"(?i)(Cookies|cookies\.sqlite|Login\s*Data)\b", "Reads credentials"),
    ("credential-keychain", "high", r"security\s+find-(generic|internet)-password|keyctl\s+read", "Reads credentials"),
    ("credential-etc-shadow", "high", r"(?i)(cat|head|tail|less|more)\s+/etc/shadow", "Reads credentials"),
    ("exfil-dns-tunnel", "high", r"(dig|nslookup|host)\s+.*\$", "Sends data away"),
    ("exfil-dev-tcp", "high", r"/dev/(tcp|udp)/", "Sends data away"),
    ("exfil-nc-outbound", "high", r"nc\s+(-w\s+\d+\s+)?[a-zA-Z]", "Sends data away"),
    ("injection-ptrace", "critical", r"ptrace\s*\(\s*(PTRACE_ATTACH|PTRACE_POKETEXT)", "Reaches into another process"),
    ("injection-ld-preload", "critical", r"LD_PRELOAD\s*=", "Reaches into another process"),
    ("injection-proc-mem", "critical", r"/proc/\d+/mem|/proc/self/mem", "Reaches into another process"),
    ("injection-gdb-attach", "critical", r"gdb\s+(-p|--pid|attach)", "Reaches into another process"),
    ("privesc-sudo", "high", r"sudo\s+", "Takes more rights"),
    ("privesc-setuid", "high", r"chmod\s+[ugoa]*[+-]s|chmod\s+[0-7]*[4-7][0-7]{2}\b", "Takes more rights"),
    ("privesc-setcap", "high", r"setcap\b", "Takes more rights"),
    ("privesc-chown-root", "high", r"chown\s+(root|0:)", "Takes more rights"),
    ("privesc-nsenter", "high", r"(nsenter|unshare)\s+", "Takes more rights"),
    ("symlink-escape", "medium", r"ln\s+-s[f]?\s+/(etc|home|root|var|tmp)", "Links out of its directory"),
    ("path-traversal-deep", "medium", r"\.\./\.\./\.\.", "Leaves its directory"),
    ("downloader-curl-save", "medium", r"curl\s+.*(-o|--output)\s+", "Downloads and keeps programs"),
    ("downloader-wget-save", "medium", r"wget\s+.*(-O|--output-document)\s+", "Downloads and keeps programs"),
    ("downloader-chmod-exec", "medium", r"chmod\s+\+x\b", "Downloads and keeps programs"),
)
"""The runtime's."""
