"""The currencies of ISO 4217 and how many decimals the minor unit of each has."""

from iso4217 import Currency

# Withdrawn codes (ISO 4217 list three) stay valid, since price lists have a past. The list gives
# them no minor unit any more; these are the ones they had when they were in use.
_WITHDRAWN = (
    "AFA ALK ANG AOK AON AOR ARA ARP ARY ATS AYM AZM BAD BEC BEF BEL BGJ BGK BGL BGN BOP BRB "
    "BRC BRE BRN BRR BUK BYB CHC CSD CSJ CSK CUC CYP DDM DEM ECS ECV EEK FIM FRF GEK GHC GHP "
    "GNE GNS GQE GRD GWE GWP HRD HRK IEP ILP ILR ISJ LAJ LSM LTL LTT LUC LUL LVL LVR MLF MRO MTL "
    "MTP MVQ MXP MXV MZE MZM NIC NLG PEH PEI PES PLZ RHD ROK ROL RUR SDD SDP SIT SKK SLL SRG "
    "STD SUR TJR TMM UAK UGS UGW UYN VEB VEF VNC YDD YUD YUM YUN ZAL ZMK ZRN ZRZ ZWC ZWD ZWL "
    "ZWN ZWR "
)
_WITHDRAWN_WITHOUT_MINOR_UNIT = "ADP BYR ESP ITL LUF MGF PTE TPE TRL"

MINOR_UNITS: dict[str, int] = {
    **dict.fromkeys(_WITHDRAWN.split(), 2),
    **dict.fromkeys(_WITHDRAWN_WITHOUT_MINOR_UNIT.split(), 0),
    **{each.code: each.exponent for each in Currency if each.exponent is not None},
}
"""Decimals of the minor unit by code. Codes without one (metals, tests) are no currencies here."""
