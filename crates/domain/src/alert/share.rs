//! Divides the deliveries in flight between workspaces, so that the slow channels of one do not delay the others.

use std::collections::BTreeMap;

use shared::Timestamp;
use uuid::Uuid;

/// The maximum number of deliveries in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryLimits {
    /// More deliveries that this process may start.
    pub new: u64,
    /// Deliveries of a workspace, in all processes.
    pub per_workspace: u64,
    /// Deliveries to a channel, in all processes.
    pub per_channel: u64,
}

/// A channel with due deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueChannel {
    /// The channel.
    pub id: Uuid,
    /// The workspace of the channel.
    pub workspace_id: Uuid,
    /// The number of due deliveries.
    pub due: u64,
    /// When the oldest of them became due.
    pub since: Timestamp,
    /// The number of deliveries in flight.
    pub in_flight: u64,
}

/// Returns how many due deliveries to start for each channel. Each goes to the workspace with the fewest deliveries in flight,
/// and within the workspace to the channel with the fewest; the one that has waited longest is first among equals.
/// `in_flight` has the deliveries of each workspace, including those to channels without due deliveries.
#[must_use]
pub fn share(
    channels: &[DueChannel],
    in_flight: &BTreeMap<Uuid, u64>,
    limits: DeliveryLimits,
) -> Vec<(Uuid, u64)> {
    let mut workspaces = in_flight.clone();
    let mut started = vec![0; channels.len()];
    for _ in 0..limits.new {
        let next = (0..channels.len())
            .filter_map(|index| {
                let (channel, started) = (&channels[index], started[index]);
                let of_workspace = workspaces.get(&channel.workspace_id).copied().unwrap_or(0);
                let of_channel = channel.in_flight + started;
                let is_allowed = started < channel.due
                    && of_channel < limits.per_channel
                    && of_workspace < limits.per_workspace;
                is_allowed.then_some((of_workspace, of_channel, channel.since, channel.id, index))
            })
            .min();
        let Some((.., index)) = next else { break };
        started[index] += 1;
        *workspaces.entry(channels[index].workspace_id).or_default() += 1;
    }
    channels.iter().map(|channel| channel.id).zip(started).filter(|&(_, started)| started > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: DeliveryLimits = DeliveryLimits { new: 8, per_workspace: 5, per_channel: 3 };

    fn channel(id: u128, workspace: u128, due: u64, since: i64) -> DueChannel {
        let (id, workspace_id) = (Uuid::from_u128(id), Uuid::from_u128(workspace));
        DueChannel { id, workspace_id, due, since: Timestamp::from_micros(since), in_flight: 0 }
    }

    fn started(shares: &[(Uuid, u64)]) -> Vec<(u128, u64)> {
        shares.iter().map(|&(id, started)| (id.as_u128(), started)).collect()
    }

    #[test]
    fn a_workspace_with_many_channels_leaves_room_for_others() {
        let mut channels: Vec<_> = (0..50).map(|id| channel(id, 1, 100, 0)).collect();
        channels.push(channel(99, 2, 2, 1_000));
        let shares = started(&share(&channels, &BTreeMap::new(), LIMITS));
        assert!(shares.contains(&(99, 2)), "{shares:?}");
        assert_eq!(shares.iter().map(|&(_, started)| started).sum::<u64>(), 7, "5 of the first workspace");
        // The first workspace has used its share already.
        let busy = BTreeMap::from([(Uuid::from_u128(1), 5)]);
        assert_eq!(started(&share(&channels, &busy, LIMITS)), [(99, 2)]);
        let one = DeliveryLimits { new: 1, ..LIMITS };
        let busy = BTreeMap::from([(Uuid::from_u128(1), 1)]);
        assert_eq!(started(&share(&channels, &busy, one)), [(99, 1)], "the fewest in flight is first");
    }

    #[test]
    fn a_channel_has_a_limit_and_the_oldest_is_first() {
        let busy = DueChannel { in_flight: 2, ..channel(1, 1, 9, 0) };
        assert_eq!(started(&share(&[busy], &BTreeMap::new(), LIMITS)), [(1, 1)]);
        let one = DeliveryLimits { new: 1, ..LIMITS };
        let channels = [channel(1, 1, 9, 5), channel(2, 2, 9, 4)];
        assert_eq!(started(&share(&channels, &BTreeMap::new(), one)), [(2, 1)]);
        assert_eq!(share(&[], &BTreeMap::new(), LIMITS), []);
    }
}
