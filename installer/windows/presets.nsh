; The folder in which administrators put presets for everybody: %ProgramData%\cert-assistant.
;
; Invariants
; * Only administrators and the system may write there; everybody may read. It is made with these rights in one step.
; * What lay there before a first installation was perhaps put there by anybody, for everybody may make folders in %ProgramData%:
;   the folder is moved aside unless all in it belongs to administrators. What they put there is never changed, only closed.
; * The program uses the folder when the value `Presets` of HKLM\Software\cert-assistant names it: written when it is closed.

!define PRESET_RIGHTS "O:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)(A;OICI;0x1200a9;;;BU)"

; True in $0 when the folder $1 belongs to the system, to the administrators, or to whoever runs this.
!macro belongs_to_administrator
  StrCpy $0 0
  System::Call 'advapi32::GetNamedSecurityInfoW(w r1, i 1, i 1, *p .r2, p 0, p 0, p 0, *p .r3) i .r4'
  ${If} $4 = 0
    System::Call 'advapi32::IsWellKnownSid(p r2, i 22) i .r0'
    ${If} $0 = 0
      System::Call 'advapi32::IsWellKnownSid(p r2, i 26) i .r0'
    ${EndIf}
    ${If} $0 = 0
      System::Call 'advapi32::OpenProcessToken(p -1, i 8, *p .r4)'
      System::Alloc 256
      Pop $5
      ; TOKEN_USER begins with the address of the SID
      System::Call 'advapi32::GetTokenInformation(p r4, i 1, p r5, i 256, *i .r0) i .r0'
      ${If} $0 <> 0
        System::Call '*$5(p .r6)'
        System::Call 'advapi32::EqualSid(p r2, p r6) i .r0'
      ${EndIf}
      System::Free $5
      System::Call 'kernel32::CloseHandle(p r4)'
    ${EndIf}
    System::Call 'kernel32::LocalFree(p r3)'
  ${EndIf}
!macroend

; The same for what lies in the folder $R4, which is what the program reads: $R5 stays 1.
!macro all_belongs_to_administrator
  FindFirst $R1 $R2 "$R4\*.*"
  ${Do}
    ${If} $R2 == ""
      ${ExitDo}
    ${EndIf}
    ${If} $R2 != "."
    ${AndIf} $R2 != ".."
      StrCpy $1 "$R4\$R2"
      !insertmacro belongs_to_administrator
      ${If} $0 = 0
        StrCpy $R5 0
      ${EndIf}
    ${EndIf}
    FindNext $R1 $R2
  ${Loop}
  FindClose $R1
!macroend

Function Presets
  StrCpy $R3 "$APPDATA\${ID}"
  ReadRegStr $0 HKLM "${KEY}" "Presets"
  ${If} $0 == $R3
  ${AndIf} ${FileExists} "$R3\*.*"
    ; closed by a setup before this one
    Return
  ${EndIf}
  ${If} ${FileExists} "$R3\*.*"
    StrCpy $1 $R3
    !insertmacro belongs_to_administrator
    StrCpy $R5 $0
    StrCpy $R4 $R3
    !insertmacro all_belongs_to_administrator
    StrCpy $R4 "$R3\roots"
    !insertmacro all_belongs_to_administrator
    ${If} $R5 = 0
      StrCpy $2 0
      ${Do}
        IntOp $2 $2 + 1
      ${LoopWhile} ${FileExists} "$R3-untrusted-$2\*.*"
      Rename $R3 "$R3-untrusted-$2"
    ${EndIf}
  ${EndIf}
  System::Call 'advapi32::ConvertStringSecurityDescriptorToSecurityDescriptorW(w "${PRESET_RIGHTS}", i 1, *p .r2, p 0) i .r0'
  ${If} $0 <> 0
    ; SECURITY_ATTRIBUTES
    System::Call '*(i 24, i 0, p r2, i 0, i 0) p .r3'
    System::Call 'kernel32::CreateDirectoryW(w R3, p r3) i .r0'
    ${If} $0 = 0
      ; there already: its owner and rights, then what is in it takes them over
      System::Call 'advapi32::SetFileSecurityW(w R3, i 5, p r2) i .r0'
      nsExec::Exec '"$SYSDIR\icacls.exe" "$R3\*" /reset /T /C /Q'
      Pop $1
    ${EndIf}
    System::Free $3
    System::Call 'kernel32::LocalFree(p r2)'
  ${EndIf}
  ${If} $0 <> 0
    WriteRegStr HKLM "${KEY}" "Presets" "$R3"
  ${EndIf}
FunctionEnd
