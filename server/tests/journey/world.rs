//! A small world of documents in two languages, and a folder to keep it in.

use std::path::{Path, PathBuf};

use crate::support::{Server, models_dir, program, rag_index, run, write};

/// Documents about one platform that exists nowhere.
pub(crate) const DOCUMENTS: [(&str, &str); 6] = [
    (
        "docs/en/gateway.md",
        "# Gateway returns 503\n\nThe edge gateway answers 503 when no backend is healthy.\n\n## First steps\n\nCheck the \
         health of the backends with `meshctl health`. Restart the gateway only after a backend is healthy again.\n\n\
         ## Escalation\n\nCall the network team after 20 minutes without recovery.\n",
    ),
    (
        "docs/en/backup.md",
        "# Database backup\n\nThe orders database is backed up every 6 hours to the vault bucket.\n\n## Restore\n\nA \
         restore takes about 45 minutes. Stop all writers before the restore begins, and start them again after the \
         checksum is verified.\n",
    ),
    (
        "docs/en/certificates.md",
        "# Certificate renewal\n\nCertificates are renewed by the issuer 30 days before they expire.\n\n## When renewal \
         fails\n\nDelete the pending order and request the certificate again. The new certificate is live within 5 \
         minutes.\n",
    ),
    (
        "docs/ko/deploy.md",
        "# 배포 롤백\n\n배포 후 오류율이 2%를 넘으면 바로 롤백한다.\n\n## 절차\n\n`shipctl rollback` 명령으로 직전 버전으로 되돌린다. \
         롤백이 끝나면 온콜 채널에 결과를 알린다.\n",
    ),
    (
        "docs/ko/kafka.md",
        "# 카프카 컨슈머 지연\n\n컨슈머 지연이 10만 건을 넘으면 경보가 울린다.\n\n## 대응\n\n컨슈머 그룹을 먼저 재시작하고, 그래도 지연이 \
         줄지 않으면 파티션 수를 늘린다.\n",
    ),
    (
        "docs/ko/access.md",
        "# 접근 권한 신청\n\n운영 서버 접근 권한은 보안 포털에서 신청한다.\n\n## 승인\n\n팀장과 보안 담당자의 승인이 모두 필요하며, 권한은 \
         8시간 뒤 자동으로 회수된다.\n",
    ),
];

pub(crate) struct World {
    dir: tempfile::TempDir,
    pub(crate) models: PathBuf,
}

impl World {
    /// A fresh world, or `None` without a model.
    pub(crate) fn new() -> Option<Self> {
        let models = models_dir()?;
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &DOCUMENTS);
        write(dir.path(), &[("rag.yaml", &rag_index("runbooks", "./docs"))]);
        Some(Self { dir, models })
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.dir.path().join(relative)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        write(self.dir.path(), &[(path, text)]);
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// A server over this world that may not be ready yet.
    pub(crate) fn start(&self) -> Server {
        Server::start(&self.models, &self.path("rag.yaml"), &self.data())
    }

    /// A command of the program with this world's models and data.
    pub(crate) fn command(&self, name: &str) -> std::process::Command {
        let mut command = program();
        command.arg(name).arg("--models-dir").arg(&self.models).arg("--data").arg(self.data());
        command
    }

    /// Builds, and gives the name of the revision.
    pub(crate) fn index(&self) -> String {
        let ran = run(self.command("index").arg("--json").arg("-f").arg(self.path("rag.yaml")));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.json()["revision"].as_str().unwrap().to_owned()
    }

    /// The folder of a revision.
    pub(crate) fn revision(&self, name: &str) -> PathBuf {
        self.data().join("indexes/runbooks/revisions").join(name)
    }
}

/// Changes one byte in the middle of a file, and nothing else.
pub(crate) fn flip_a_byte(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).unwrap();
}
