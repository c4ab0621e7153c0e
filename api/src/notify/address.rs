//! Detects IP addresses that are not public, so that the webhooks of a workspace cannot send requests to services that only
//! this server can reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Returns what kind of non-public address this is, or `None` if it is public.
#[must_use]
pub fn private_kind(address: IpAddr) -> Option<&'static str> {
    match without_translation(address) {
        IpAddr::V4(address) => private_kind_v4(address),
        IpAddr::V6(address) => private_kind_v6(address),
    }
}

/// Follows the IANA IPv4 Special-Purpose Address Registry.
fn private_kind_v4(address: Ipv4Addr) -> Option<&'static str> {
    Some(match address.octets() {
        [0, ..] => "an unspecified address",
        [127, ..] => "a loopback address",
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => "a private address",
        [100, 64..=127, ..] => "an address of a provider network",
        [169, 254, ..] => "a link-local address",
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => "an address for documentation",
        [192, 0, 0, _] | [192, 88, 99, _] | [198, 18..=19, ..] | [240..=255, ..] => "a reserved address",
        [224..=239, ..] => "a multicast address",
        _ => return None,
    })
}

/// Returns the IPv4 address in an IPv6 address that is mapped or NAT64 (public IPv4 addresses have this form in networks
/// without IPv4), and otherwise the address.
#[must_use]
pub fn without_translation(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => match v6.segments() {
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
                Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)).into()
            }
            _ => v6.into(),
        },
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Only a part of 2000::/3 is public.
fn private_kind_v6(address: Ipv6Addr) -> Option<&'static str> {
    Some(match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => "an unspecified address",
        [0, 0, 0, 0, 0, 0, 0, 1] => "a loopback address",
        [0xfe80..=0xfebf, ..] => "a link-local address",
        [0xfc00..=0xfdff, ..] => "a private address",
        [0xff00..=0xffff, ..] => "a multicast address",
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => "an address for documentation",
        // Teredo, benchmarking and similar, and 6to4, which is routed to the IPv4 address in it.
        [0x2001, 0..=0x1ff, ..] | [0x2002, ..] => "a reserved address",
        [0x2000..=0x3fff, ..] => return None,
        _ => "a reserved address",
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use ipnet::IpNet;
    use proptest::prelude::*;

    use super::*;

    /// The IANA IPv4 Special-Purpose Address Registry, and multicast.
    const SPECIAL: [&str; 16] = [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "255.255.255.255/32",
    ];

    fn is_special(address: Ipv4Addr) -> bool {
        SPECIAL.iter().any(|network| network.parse::<IpNet>().unwrap().contains(&IpAddr::V4(address)))
    }

    fn why(address: &str) -> Option<&'static str> {
        private_kind(address.parse().unwrap())
    }

    #[test]
    fn accepts_public_addresses() {
        for public in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
        ] {
            assert_eq!(why(public), None, "{public}");
        }
    }

    #[test]
    fn names_the_kind_of_every_other_address() {
        for (address, what) in [
            ("127.0.0.1", "loopback"),
            ("127.255.255.255", "loopback"),
            ("::1", "loopback"),
            ("0.0.0.0", "unspecified"),
            ("::", "unspecified"),
            ("10.1.2.3", "private"),
            ("172.31.255.255", "private"),
            ("192.168.0.1", "private"),
            ("fd00::1", "private"),
            ("100.64.0.1", "provider"),
            ("169.254.169.254", "link-local"),
            ("fe80::1", "link-local"),
            ("224.0.0.1", "multicast"),
            ("ff02::1", "multicast"),
            ("192.0.2.7", "documentation"),
            ("2001:db8::1", "documentation"),
            ("3fff::1", "documentation"),
            ("255.255.255.255", "reserved"),
            ("::ffff:127.0.0.1", "loopback"),
            ("::ffff:a9fe:a9fe", "link-local"),
            ("64:ff9b::10.0.0.1", "private"),
            ("64:ff9b:1::8.8.8.8", "reserved"),
            ("::127.0.0.1", "reserved"),
            ("2001::1", "reserved"),
            ("2002:7f00:1::", "reserved"),
            ("fec0::1", "reserved"),
            ("4000::1", "reserved"),
        ] {
            assert!(why(address).is_some_and(|why| why.contains(what)), "{address}: {:?}", why(address));
        }
    }

    proptest! {
        #[test]
        fn an_ipv4_address_is_private_in_every_form_if_it_is_in_the_registry(bits: u32, network in 0..17_usize) {
            // Most of the addresses are in a network of the registry.
            let address = match SPECIAL.get(network).map(|network| network.parse::<IpNet>().unwrap()) {
                Some(IpNet::V4(net)) => {
                    Ipv4Addr::from(u32::from(net.network()) | (bits & u32::from(net.hostmask())))
                }
                _ => Ipv4Addr::from(bits),
            };
            let private = private_kind(IpAddr::V4(address));
            prop_assert_eq!(private.is_some(), is_special(address));
            prop_assert_eq!(private_kind(IpAddr::V6(address.to_ipv6_mapped())), private);
            let [a, b, c, d] = address.octets();
            let translated = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            prop_assert_eq!(private_kind(IpAddr::V6(translated)), private);
        }

        #[test]
        fn no_ipv6_address_outside_of_global_unicast_is_public(bits: u128) {
            let address = Ipv6Addr::from(bits);
            let contains_ipv4 = address.to_ipv4_mapped().is_some() || bits >> 32 == 0x0064_ff9b << 64;
            if bits >> 125 != 1 && !contains_ipv4 {
                prop_assert!(private_kind(IpAddr::V6(address)).is_some());
            }
        }
    }
}
