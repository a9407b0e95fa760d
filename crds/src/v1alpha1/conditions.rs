//! Condition types and reasons of every kind, each saying when it is set. One name per fact; each condition is Unknown
//! when an object is first seen. Controllers use these constants and nothing else.

use schemars::{Schema, SchemaGenerator, json_schema};

/// Declares an enum whose variants are CamelCase words of the API, with their doc comments readable at run time.
macro_rules! words {
    ($(#[doc = $about:literal])+ $name:ident { $($(#[doc = $doc:literal])+ $variant:ident,)+ }) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[doc = $doc])+ $variant,)+ }

        impl $name {
            /// Every word, in the order of the manual.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word as it stands in a condition.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant)),+ }
            }

            /// When it is set, for the reference page.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+)),+ }
            }
        }
    };
}

words! {
    /// Condition types of a RagIndex.
    RagIndexCondition {
        /// True when questions are answered from the revision that the spec asks for; the roll-up of all below but Degraded.
        Ready,
        /// True when the spec can be acted on: its references resolve and its values are built in this version.
        Accepted,
        /// True when the wanted revision is complete and its content verified.
        Built,
        /// True when the wanted revision passed the gate, or there is none.
        Evaluated,
        /// True when the wanted revision is the active one.
        Promoted,
        /// True when pods of the active revision answer.
        Serving,
        /// True while answers are given, but with less than was asked for; never part of Ready.
        Degraded,
    }
}

words! {
    /// Reasons of a RagIndex's conditions.
    RagIndexReason {
        /// On every condition that is True.
        AsSpecified,
        /// On every condition, Unknown, when the object is first seen.
        Pending,
        /// On Accepted, False: a value of the spec is not built in this version.
        NotBuilt,
        /// On Accepted, False: a reference names an object that does not exist.
        ReferenceNotFound,
        /// On Accepted, False: an object with a name of ours belongs to somebody else; it is left alone.
        NameTaken,
        /// On Built and Promoted, Unknown: `spec.suspend` is true.
        Suspended,
        /// On Built, False: the job runs.
        Building,
        /// On Built, False: the job failed and is tried again after a pause.
        BuildRetrying,
        /// On Built, False: the job failed for good; see status.diagnostics.
        BuildFailed,
        /// On Built, False: no node has room for the job, or its volume cannot be had.
        NoCapacity,
        /// On Built, False: the sources hold no document.
        NoDocuments,
        /// On Built, False: the files of the revision are not the ones that its manifest names.
        VerificationFailed,
        /// On Evaluated, False: a recorded score is below the gate.
        BelowGate,
        /// On Evaluated, False: a recorded score fell further below the active revision's than the gate allows.
        Regressed,
        /// On Promoted, False: `rollout.promotion` is Manual and nobody has named the candidate yet.
        AwaitingPromotion,
        /// On Promoted, True or False: `rollout.pinnedRevision` holds a revision.
        Pinned,
        /// On Promoted, False: the candidate's pods are not ready yet.
        RollingOut,
        /// On Promoted, False: the candidate's pods were not ready within `rollout.progressDeadlineSeconds`.
        ProgressDeadlineExceeded,
        /// On Serving, False: `serving.replicas` is 0.
        ScaledToZero,
        /// On Serving, False: no pod of the active revision is ready.
        PodsNotReady,
        /// On Serving, True: ReadWriteOnce keeps all pods on one node.
        SingleNode,
        /// On Degraded, True: no chat backend answers; answers are passages.
        BackendsDown,
        /// On Degraded, True: the embedding backend does not answer; only words are searched.
        EmbedderDown,
        /// On Degraded, True: some files of the sources could not be read; see the revision's findings.
        FilesSkipped,
        /// On Degraded, False: nothing is missing.
        NothingMissing,
    }
}

words! {
    /// Condition types of an LlmBackend.
    LlmBackendCondition {
        /// True when the model answers; the roll-up of all below.
        Ready,
        /// True when the spec can be acted on: its references resolve and its values are built in this version.
        Accepted,
        /// True when the pods run as the spec asks; always True for type External.
        Deployed,
        /// True when the endpoint answered its last check.
        Reachable,
    }
}

words! {
    /// Reasons of an LlmBackend's conditions.
    LlmBackendReason {
        /// On every condition that is True.
        AsSpecified,
        /// On every condition, Unknown, when the object is first seen.
        Pending,
        /// On Accepted, False: a value of the spec is not built in this version.
        NotBuilt,
        /// On Accepted, False: a reference names an object that does not exist.
        ReferenceNotFound,
        /// On Accepted, False: an object with a name of ours belongs to somebody else; it is left alone.
        NameTaken,
        /// On Deployed, False: the pods are starting.
        Starting,
        /// On Deployed, False: the model's files are being fetched.
        Downloading,
        /// On Deployed, False: no node has the GPUs free; reverting the spec is enough to recover.
        NoCapacity,
        /// On Deployed, False: a container ends again and again; see status.diagnostics.
        CrashLooping,
        /// On Deployed, False: `replicas` is 0.
        ScaledToZero,
        /// On Reachable, False: the endpoint does not answer.
        ConnectionFailed,
        /// On Reachable, False: the endpoint refuses the API key.
        Unauthorized,
        /// On Reachable, False: the endpoint does not serve the model that is named.
        ModelNotFound,
    }
}

words! {
    /// Condition types of an Escalation.
    EscalationCondition {
        /// True when nothing is left to do: the answer is indexed, or the ticket was rejected or revoked.
        Ready,
        /// True when there is a reply.
        Answered,
        /// True when the reply was approved and not revoked.
        Approved,
        /// True when the approved answer is part of the active revision.
        Indexed,
    }
}

words! {
    /// Reasons of an Escalation's conditions.
    EscalationReason {
        /// On every condition, Unknown, when the object is first seen.
        Pending,
        /// On Answered and Ready, False: nobody has replied.
        AwaitingReply,
        /// On Answered, True: there is a reply.
        Replied,
        /// On Approved and Ready, False: nobody has decided.
        AwaitingDecision,
        /// On Approved, True: the reply was approved.
        ApprovedByPerson,
        /// On Approved, False, and Ready, True: the reply was rejected.
        Rejected,
        /// On Approved, False, and Ready, True once the knowledge is gone: the approval was withdrawn.
        Revoked,
        /// On Indexed and Ready, False: the next revision will hold the answer.
        AwaitingRevision,
        /// On Indexed and Ready, True: the active revision holds the answer.
        InActiveRevision,
        /// On Ready, False: the index does not exist.
        IndexNotFound,
    }
}

/// Schema of `status.conditions`: a map by type of at most 16, with the bounds of Kubernetes' own conditions.
pub fn conditions_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 16,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
        "items": {
            "type": "object",
            "description": "One fact about the object.",
            "required": ["lastTransitionTime", "message", "reason", "status", "type"],
            "properties": {
                "type": {"type": "string", "maxLength": 316, "description": "Name of the fact.",
                    "pattern": "^[A-Za-z][A-Za-z0-9]*$"},
                "status": {"type": "string", "enum": ["True", "False", "Unknown"],
                    "description": "Whether it holds."},
                "reason": {"type": "string", "minLength": 1, "maxLength": 1024,
                    "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$", "description": "Why, in one word of the reference page."},
                "message": {"type": "string", "maxLength": 32768, "description": "Why, for people."},
                "lastTransitionTime": {"type": "string", "format": "date-time",
                    "description": "When the status last changed."},
                "observedGeneration": {"type": "integer", "format": "int64", "minimum": 0,
                    "description": "The generation of the spec that the fact speaks of."}
            }
        }
    })
}
