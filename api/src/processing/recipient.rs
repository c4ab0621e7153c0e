//! Checks the recipients of e-mails before an attempt: they have confirmed, and receive a limited number of e-mails. Sends
//! recipients the link by which they confirm.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use domain::{
    alert::record::{DueDelivery, address_key},
    error::chain,
};
use shared::{Timestamp, alert_channel::ChannelTarget};
use store::{StoreError, alert::AlertStore};
use uuid::Uuid;

use crate::{
    auth::token::LinkToken,
    limit::EmailLimit,
    notify::{Failure, Notifier, Receipt},
};

/// How long a link is valid.
const LINK_VALIDITY: Duration = Duration::from_secs(7 * 86_400);

/// Delivers notifications to recipients who have confirmed.
#[derive(Clone, Debug)]
pub(super) struct Recipients {
    pub(super) alerts: AlertStore,
    pub(super) notifier: Arc<Notifier>,
    pub(super) limit: Arc<EmailLimit>,
}

impl Recipients {
    /// Makes one attempt to deliver a notification.
    pub(super) async fn deliver(
        &self,
        mut delivery: DueDelivery,
        now: Timestamp,
    ) -> Result<Receipt, Failure> {
        let ChannelTarget::Email { to } = &delivery.channel.target else {
            return self.notifier.deliver(&delivery, now).await;
        };
        let (workspace_id, to) = (delivery.notification.workspace_id, to.clone());
        if let Some(address) = &delivery.notification.recipient {
            let is_recipient = to.iter().any(|to| address_key(to) == *address);
            return self.send_link(&delivery, address, is_recipient, now).await;
        }
        let (allowed, rejected, wait) = self.check(workspace_id, to).await?;
        let rejected = rejected.join("; ");
        if allowed.is_empty() {
            let failure = Failure::temporary(None, rejected);
            return Err(Failure { retry_after: wait, is_final: wait.is_none(), ..failure });
        }
        delivery.channel.target = ChannelTarget::Email { to: allowed };
        let mut receipt = self.notifier.deliver(&delivery, now).await?;
        if !rejected.is_empty() {
            let others = receipt.failed_recipients.map(|others| format!("; {others}")).unwrap_or_default();
            receipt.failed_recipients = Some(format!("not sent to all recipients: {rejected}{others}"));
        }
        Ok(receipt)
    }

    /// Returns the recipients who may receive an e-mail now, the others with the reasons, and how long those must wait who
    /// received too many.
    async fn check(
        &self,
        workspace_id: Uuid,
        to: Vec<String>,
    ) -> Result<(Vec<String>, Vec<String>, Option<Duration>), Failure> {
        let recipients =
            self.alerts.list_recipients(workspace_id).await.map_err(|error| store_failure(&error))?;
        let confirmed: BTreeSet<_> = recipients
            .into_iter()
            .filter(|recipient| recipient.confirmed_at.is_some())
            .map(|recipient| recipient.address)
            .collect();
        let (mut allowed, mut rejected, mut wait) = (Vec::new(), Vec::new(), None);
        for address in to {
            let key = address_key(&address);
            if !confirmed.contains(&key) {
                rejected.push(format!("{address} has not confirmed"));
                continue;
            }
            match self.limit.send(workspace_id, &key).await {
                Ok(()) => allowed.push(address),
                Err(reset) => {
                    rejected.push(format!("{address}: too many e-mails in the last hour"));
                    wait = wait.max(Some(reset));
                }
            }
        }
        Ok((allowed, rejected, wait))
    }

    /// Sends a recipient the link by which to confirm. The link is created here, and only its hash is stored.
    async fn send_link(
        &self,
        delivery: &DueDelivery,
        address: &str,
        is_recipient: bool,
        now: Timestamp,
    ) -> Result<Receipt, Failure> {
        if !is_recipient {
            return Err(Failure::permanent(
                None,
                format!("{address} is not a recipient of the channel any more"),
            ));
        }
        let workspace_id = delivery.notification.workspace_id;
        self.limit.send_link(workspace_id, address).await.map_err(|reset| Failure {
            retry_after: Some(reset),
            ..Failure::temporary(None, "too many e-mails with links to confirm in the last hour")
        })?;
        let token = LinkToken::generate()
            .map_err(|error| Failure::temporary(None, format!("failed to create the link: {error}")))?;
        let stored = self
            .alerts
            .set_recipient_token(workspace_id, address, &token.hash, now + LINK_VALIDITY)
            .await
            .map_err(|error| store_failure(&error))?;
        if !stored {
            return Err(Failure::permanent(None, format!("{address} has confirmed already")));
        }
        self.notifier.send_link(delivery, address, &token.text, now).await
    }
}

fn store_failure(error: &StoreError) -> Failure {
    tracing::warn!(error = chain(error), "failed to check recipients");
    Failure::temporary(None, "the recipients could not be checked")
}
