interfaces {
    ethernet eth0 {
        address 169.46.73.18/28
        description "the } uplink"
    }
}
/* tunnels
   to the cloud */
vpn {
    ipsec {
        ike-group IKEv2 {
            key-exchange ikev2
        }
        site-to-site {
            peer 169.46.49.35 {
                authentication {
                    mode pre-shared-secret
                    pre-shared-secret PSK-not-told
                }
                ike-group IKEv2
                local-address 169.46.73.18
                tunnel 1 {
                    local {
                        prefix 172.24.16.0/23
                    }
                    remote {
                        prefix 172.30.0.0/16
                    }
                }
                tunnel 2 {
                    local-subnet 172.24.18.0/27
                    remote-subnet 172.21.0.0/16
                }
                tunnel 3 {
                    local {
                        prefix 172.24.18.0/27
                    }
                    remote {
                        prefix 10.171.42.128/26
                    }
                }
            }
        }
    }
}
// vyos-config-version: "bgp@4"
