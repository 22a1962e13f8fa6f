"""The local adapters: crashes, full disks, locks, copies."""
